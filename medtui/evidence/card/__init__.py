"""Model cards: what is known of a finished run, and what a person must add.

Every number comes from a file of the study by a key (`documents`), and is kept with both (`facts`),
so that it can be read again. What no file tells is a question (`questions`), never a guess.

Sources: Mitchell et al. 2019 (Model Cards for Model Reporting, arXiv 1810.03993); Gebru et al. 2018
(Datasheets for Datasets, arXiv 1803.09010).
"""
