"""Train batches: augmentation of images, and random choices as functions of seed and position."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as TF

from benchmarks import batches as batch_benchmark
from medtui.datasets.dataset import SplitData
from medtui.engine.run.device import generator
from medtui.engine.training.augmentation import Normalisation, augment, normalise
from medtui.engine.training.batches import Images, TrainBatches
from medtui.engine.training.recording import WARM_UP_STEPS, CudaGraphs, Recorder
from medtui.preset.augmenting import Augment
from tests.helpers.recorded_calls import RecordedCalls

AS_IT_IS = {1: Normalisation((0.0,), (1.0,)), 3: Normalisation((0.0,) * 3, (1.0,) * 3)}
EVERYTHING = Augment(
    flip_horizontal=True, flip_vertical=True, rotation_degrees=10.0, brightness=0.2, contrast=0.2,
    saturation=0.2, hue=0.05,
)  # fmt: skip


def pictures(count: int = 6, channels: int = 3, side: int = 32) -> Tensor:
    """Return smooth uint8 images whose pixels encode their position."""
    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, channels, 4, 4, generator=rng)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic")
    return (smooth.clamp(0, 1) * 255).round().to(torch.uint8)


def augmented(images_NCHW: Tensor, how: Augment, seed: int = 0) -> Tensor:
    """Augment with an identity normalisation."""
    by = AS_IT_IS[images_NCHW.shape[1]]
    return augment(images_NCHW, how, by, torch.Generator().manual_seed(seed))


class Drawn:
    """The parameters that `augment` draws, drawn again in the same order."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self._count = count
        self._rng = torch.Generator().manual_seed(seed)

    def within(self, low: float, high: float) -> list[float]:
        """Draw one value for each image."""
        return (torch.rand(self._count, generator=self._rng) * (high - low) + low).tolist()


def test_without_augmentation_a_batch_is_the_images() -> None:
    """Without augmentation only scaling and normalisation change an image."""
    images, by = pictures(), Normalisation((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    made = augment(images, Augment(), by, torch.Generator())
    torch.testing.assert_close(made, normalise(images, by), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("how", "flipped"),
    [
        (Augment(flip_horizontal=True), TF.horizontal_flip),
        (Augment(flip_vertical=True), TF.vertical_flip),
    ],
)
def test_a_flip_is_torchvisions(how: Augment, flipped) -> None:
    """Every image is unchanged or its mirror image, and both occur."""
    images = pictures(24)
    made = augmented(images, how)
    is_same = [
        torch.allclose(each, image / 255, atol=1e-5)
        for each, image in zip(made, images, strict=True)
    ]
    is_mirrored = [
        torch.allclose(each, flipped(image) / 255, atol=1e-5)
        for each, image in zip(made, images, strict=True)
    ]
    assert all(same != mirrored for same, mirrored in zip(is_same, is_mirrored, strict=True))
    assert any(is_same)
    assert any(is_mirrored)


def test_a_rotation_is_torchvisions() -> None:
    """An image is rotated by the drawn angle as torchvision's bilinear rotation does it."""
    images = pictures(4, side=33)
    made = augmented(images, Augment(rotation_degrees=10.0))
    for each, image, angle in zip(made, images, Drawn(4).within(-10, 10), strict=True):
        turned = TF.rotate(image / 255, angle, InterpolationMode.BILINEAR)
        torch.testing.assert_close(each[:, 4:-4, 4:-4], turned[:, 4:-4, 4:-4], atol=1e-4, rtol=0)


def test_a_rotation_is_torchvisions_without_a_fill() -> None:
    """`RandomRotation` fills with 0 by default, which changes pixels at the edge, as documented."""
    images = pictures(4, side=33)
    made = augmented(images, Augment(rotation_degrees=10.0))
    for each, image, angle in zip(made, images, Drawn(4).within(-10, 10), strict=True):
        scaled = image / 255
        plain = TF.rotate(scaled, angle, InterpolationMode.BILINEAR)
        filled = TF.rotate(scaled, angle, InterpolationMode.BILINEAR, fill=[0.0])
        torch.testing.assert_close(each, plain, atol=1e-4, rtol=0)
        assert (each - filled).abs().max() > 0.01
        middle = (slice(None), slice(4, -4), slice(4, -4))
        torch.testing.assert_close(each[middle], filled[middle], atol=1e-4, rtol=0)


def test_colour_jitter_is_torchvisions_but_for_clipping() -> None:
    """Brightness, contrast and saturation follow torchvision's formulas in sequence."""
    images = (pictures(5) * 0.4 + 60).to(torch.uint8)  # far from black and white: nothing clips
    how = Augment(brightness=0.2, contrast=0.2, saturation=0.3)
    drawn = Drawn(5)
    factors = zip(
        drawn.within(0.8, 1.2), drawn.within(0.8, 1.2), drawn.within(0.7, 1.3), strict=True
    )
    for each, image, (brightness, contrast, saturation) in zip(
        augmented(images, how), images, factors, strict=True
    ):
        expected = TF.adjust_brightness(image / 255, brightness)
        expected = TF.adjust_contrast(expected, contrast)
        expected = TF.adjust_saturation(expected, saturation)
        torch.testing.assert_close(each, expected, atol=2e-3, rtol=0)


def test_hue_turns_colours_and_keeps_grey() -> None:
    """A rotation of hue by a third turns red to green; grey does not change."""
    grey = torch.full((8, 3, 8, 8), 90, dtype=torch.uint8)
    torch.testing.assert_close(augmented(grey, Augment(hue=0.5)), grey / 255, atol=1e-5, rtol=0)
    colour = pictures(8)
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    made = augmented(colour, Augment(hue=0.5))
    torch.testing.assert_close(
        (made * luma).sum(1), (colour / 255 * luma).sum(1), atol=1e-4, rtol=0
    )
    assert (made - colour / 255).abs().max() > 0.05


def test_hue_moves_colours_further_than_torchvision() -> None:
    """By a third to a half, the other way round, and without clamping, as documented."""
    images = pictures(6)
    drawn = Drawn(6)
    *_, shifts = (drawn.within(-0.05, 0.05) for _ in range(4))  # brightness and so on come first
    made = augmented(images, Augment(hue=0.05))
    ours = theirs = 0.0
    for each, image, shift in zip(made, images, shifts, strict=True):
        scaled = image / 255
        ours += (each - scaled).abs().mean().item()
        theirs += (TF.adjust_hue(scaled, -shift) - scaled).abs().mean().item()
    assert 1.25 < ours / theirs < 1.6
    assert made.min() < 0
    assert made.max() > 1


def test_films_are_augmented_in_one_channel() -> None:
    """Grey images keep one channel; saturation and hue have no effect."""
    films = pictures(4, channels=1)
    made = augmented(films, Augment(saturation=0.5, hue=0.5))
    torch.testing.assert_close(made, films / 255, atol=1e-5, rtol=0)


def part(count: int = 50) -> SplitData:
    """Return a part whose labels number its images."""
    images_NHWC = pictures(count).permute(0, 2, 3, 1).numpy()
    return SplitData(images_NHWC, np.arange(count), [f"{n}" for n in range(count)], ["p"] * count)


def batches(
    seed: int = 0, *, count: int = 50, batch_size: int = 16, device: str = "cpu",
    recorder: Recorder | None = None,
) -> TrainBatches:  # fmt: skip
    """Return train batches over `part`."""
    images = Images(part(count), AS_IT_IS[3], torch.device(device))
    return TrainBatches(images, EVERYTHING, batch_size=batch_size, seed=seed, recorder=recorder)


def test_a_batch_is_a_function_of_seed_epoch_and_position() -> None:
    """A loader that starts in the middle returns the same bits as one that got there."""
    straight = batches()
    passes = [list(straight) for _ in range(3)]
    later = batches()
    later.begin_epoch(2, 1)
    for (ours, our_labels), (theirs, their_labels) in zip(later, passes[2][1:], strict=True):
        assert torch.equal(ours, theirs)
        assert torch.equal(our_labels, their_labels)
    assert not torch.equal(passes[0][0][1], passes[1][0][1])
    assert not torch.equal(next(iter(batches(seed=1)))[1], passes[0][0][1])


def test_what_is_drawn_ahead_is_what_each_batch_draws_alone() -> None:
    """Seventy batches, more than are drawn at once, each as by its own generator."""
    images = torch.from_numpy(part(140).images_NHWC).permute(0, 3, 1, 2)
    for position, (made, labels) in enumerate(batches(7, count=140, batch_size=2)):
        rng = generator(7, 1, 0, position)
        assert torch.equal(made, augment(images[labels], EVERYTHING, AS_IT_IS[3], rng))
    assert position == 69


def test_a_recorded_batch_is_made_of_its_own_images() -> None:
    """Pixels and draws of each batch reach a replay, over two epochs, and stay in the batch."""
    calls, warnings = RecordedCalls(), []
    ours = batches(3, count=100, recorder=(calls, warnings.append))
    made = [images for _ in range(2) for images, _ in ours]
    theirs = batches(3, count=100)
    expected = [images for _ in range(2) for images, _ in theirs]
    assert all(torch.equal(*pair) for pair in zip(made, expected, strict=True))
    assert calls.num_replays == len(made) - WARM_UP_STEPS == 9
    assert not warnings


@pytest.mark.gpu
def test_a_gpu_gets_the_same_images_without_a_wait() -> None:
    """Order and draws are copied once for many batches; nothing is copied back."""
    ours, theirs = batches(count=140, device="cuda"), batches(count=140)
    next(iter(ours))
    ours.begin_epoch(0)
    torch.cuda.set_sync_debug_mode("error")
    made = [images for images, _ in ours]
    torch.cuda.set_sync_debug_mode("default")
    graphed = batches(count=140, device="cuda", recorder=(CudaGraphs(), pytest.fail))
    for each, (again, _), (expected, _) in zip(made, graphed, theirs, strict=True):
        torch.testing.assert_close(each.cpu(), expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(again.cpu(), expected, atol=1e-5, rtol=1e-5)


def test_an_epoch_shows_no_image_twice() -> None:
    """Every batch is full and no image is repeated."""
    seen = torch.cat([labels for _, labels in batches()])
    assert len(seen) == len(seen.unique()) == 48


def test_the_benchmark_compares_the_same_augmentation() -> None:
    """The benchmark's torchvision transforms are those of the card."""
    steps = batch_benchmark.transforms_of(EVERYTHING, 32, AS_IT_IS[3]).transforms
    names = [type(step).__name__ for step in steps]
    assert names == [
        "Resize", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation", "ColorJitter",
        "ToImage", "ToDtype", "Normalize",
    ]  # fmt: skip
    plain = batch_benchmark.transforms_of(Augment(), 32, AS_IT_IS[1]).transforms
    assert [type(step).__name__ for step in plain] == ["Resize", "ToImage", "ToDtype", "Normalize"]
