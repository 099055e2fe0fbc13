"""How Compare's screen shows what was computed: forests, charts, tables, analyses."""

from functools import partial

from rich.text import Text

from medtui.analysis.run_record import task_of
from medtui.analysis.run_titles import title_of_run
from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.datasets.image_lookup import pictures_of
from medtui.metrics import primary_metric
from medtui.tui.compare.actions import CompareActions
from medtui.tui.compare.change_forest import change_forest, group_forest
from medtui.tui.compare.contents import MAX_DIFFERENCES, TabContent
from medtui.tui.compare.forest_notes import describe_choice, forest_notes
from medtui.tui.compare.model import ComparisonLoader
from medtui.tui.compare.panels import ForestPanel
from medtui.tui.compare.subgroup_text import draw_groups, header_of
from medtui.tui.compare.subgroups_pane import SubgroupsPane
from medtui.tui.compare.tab_area import TabArea
from medtui.tui.compare.table import CompareTable
from medtui.tui.compare.tabs import SUBGROUPS, Pane, TabRequest


class CompareContent(CompareActions):
    """Shows content in the panes; the screen itself computes it."""

    _loader: ComparisonLoader

    def _show_forest(self) -> None:
        """Draw the changes of the marked runs, as far as they are computed."""
        state, runs = self._state, self._state.marked[:MAX_DIFFERENCES]
        metrics = state.metrics
        if not runs or not metrics:
            return
        metric = metrics[state.metric % len(metrics)]
        is_judged = metric is primary_metric(task_of([run.entry for run in runs]))
        found = state.differences | state.unpaired
        forest = change_forest(runs, found, metric, self.colours, is_judged=is_judged)
        if self._rows and self._rows.groups:
            hues = {key: self.colours.of(mark.tint) for key, mark in state.marks.identities.items()}
            forest = group_forest(
                self._rows.groups, self._rows.statistics, metric, hues, is_judged=is_judged
            )
        panel = self.query_one(ForestPanel)
        points = ", points" if metric.is_share else ""
        against = f" {self._rows.baseline.partition(',')[0]}" if self._rows else ""
        notes = forest_notes(state.differences, metric, self.colours, is_judged=is_judged)
        title = f"Change of test {metric.label}{points}{against}"
        choice = describe_choice(runs, state.differences, metric) if is_judged else ""
        lit = self.query_one(CompareTable).selected or ""
        panel.show_forest(title, forest, notes, choice, self.colours, lit)

    def _show_content(self, pane: Pane, request: TabRequest, content: TabContent) -> None:
        area = self.query_one(TabArea)
        if not isinstance(content, SubgroupAnalysis):
            if request.tab == SUBGROUPS and pane == "main":
                assert isinstance(content, tuple), "an analysis, or why there is none"
                area.show_words(next(each for each in content if isinstance(each, Text)),
                                self.colours)  # fmt: skip
            else:
                area.show(pane, content, self.chart_style)
                self._light()
        elif pane == "groups":
            text = draw_groups(content, area.size.width // 2 - 4, self.colours)
            area.show(pane, (self._header_of(content), text), self.chart_style)
        else:
            self._show_analysis(request, content)

    def _show_analysis(self, request: TabRequest, analysis: SubgroupAnalysis) -> None:
        preset = request.current.preset if request.current else None
        read = partial(pictures_of, preset.data) if preset else None
        changed = self._loader.changed_of(analysis)
        self.query_one(SubgroupsPane).show_analysis(
            self._header_of(analysis), analysis, changed, read, self.colours
        )

    def _header_of(self, analysis: SubgroupAnalysis) -> Text:
        """Return the run's letter and name, its baseline, and the verdict."""
        state = self._state
        mark = state.marks.of(analysis.key) or state.runs.identities.get(analysis.key)
        run, base = state.runs.find(analysis.key), state.runs.find(analysis.baseline)
        other = state.runs.identities.get(analysis.baseline)
        text = Text()
        if mark is not None:
            text.append(f"{mark.letter} ", style=f"bold {self.colours.of(mark.tint)}")
        text.append(title_of_run(run) if run else analysis.key, style=f"bold {self.colours.strong}")
        name = title_of_run(base) if base else analysis.baseline
        return header_of(analysis, text, f"{other.letter if other else ''} {name}", self.colours)

    def _light(self) -> None:
        """Emphasise the run under the cursor in the charts."""
        mark = self._state.marks.of(self.query_one(CompareTable).selected_run or "")
        self.query_one(TabArea).light(mark.letter if mark else "", self.chart_style)
