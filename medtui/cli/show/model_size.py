"""A compressed model's size as text: in all, after shrinking, and of each layer."""

from medtui.cli.table import render_table
from medtui.protocol.model_size import Shrinkage, Size
from medtui.runs.result import Result
from medtui.units import format_bytes, format_count, format_percent


def describe_density(size: Size) -> str:
    """Return the actual density of weights, and of filters and neurons."""
    weights, structures = format_percent(size.density), format_percent(size.structure_density)
    text = f"{weights} of the weights, {structures} of the filters and neurons are not zero"
    if not size.num_weights_unreachable:
        return text
    return (
        f"{text}; of the weights that a pixel reaches, {format_percent(size.density_reachable)} "
        f"({format_count(size.num_weights_unreachable)} only ever multiply padding)"
    )


def size_table(result: Result) -> str:
    """Return sizes: total, nonzero and, of structured schemes, after shrinking."""
    size, shrinkage = result.size, result.shrinkage
    headers = ["size", "total", "nonzero"]
    rows = [
        ["parameters", format_count(size.num_parameters), format_count(size.num_nonzero)],
        [
            "compressible weights",
            format_count(size.num_compressible),
            format_count(size.num_compressible_nonzero),
        ],
        [
            "dense size, sparse size",
            format_bytes(size.bytes_dense),
            format_bytes(size.bytes_packed),
        ],
        ["multiply-accumulates", format_count(size.macs), ""],
    ]
    if shrinkage is None:
        return render_table(headers, rows)
    shrunk = shrinkage.size
    left = [
        format_count(shrunk.num_parameters),
        format_count(shrunk.num_compressible),
        format_bytes(shrunk.bytes_dense),
        format_count(shrunk.macs),
    ]
    headers.append("shrunk")
    rows = [[*row, cell] for row, cell in zip(rows, left, strict=True)]
    return f"{render_table(headers, rows)}\n{_removable(shrinkage)}"


def layers_table(size: Size) -> str:
    """Return weights and structures of each compressible layer."""
    headers = ("layer", "weights", "nonzero", "density", "filters or neurons", "kept",
               "unreachable")  # fmt: skip
    rows = [
        [
            layer.name,
            format_count(layer.num_weights),
            format_count(layer.num_nonzero) if layer.num_nonzero else "none: collapsed",
            format_percent(layer.num_nonzero / max(1, layer.num_weights)),
            format_count(layer.num_structures),
            format_count(layer.num_structures_kept),
            format_count(layer.num_unreachable),
        ]
        for layer in size.layers
    ]
    return render_table(headers, rows)


def _removable(shrinkage: Shrinkage) -> str:
    """Return how many filters are zero and removable, and how the shrunk model differs."""
    words = (
        f"filters and neurons: masked {format_percent(shrinkage.masked)}, "
        f"removable {format_percent(shrinkage.removable)}"
    )
    if shrinkage.difference is None:
        return f"{words}; no shrunk model was written"
    return (
        f"{words}; shrunk.safetensors: {format_bytes(shrinkage.bytes_on_disk)}, logits differ "
        f"by at most {shrinkage.difference:.1g}"
    )
