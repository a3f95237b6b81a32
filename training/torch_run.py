"""What every training of a network begins and ends with."""

import argparse
import pathlib

import torch
from torch import nn


def options_of(parser: argparse.ArgumentParser, out: pathlib.Path, epochs: int, seed: int) -> argparse.Namespace:
    """Reads the command line, with what all have besides the parser's own, and seeds torch."""
    parser.add_argument("--out", type=pathlib.Path, default=out)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(seed)
    return options


def round_matrices(model: nn.Module) -> None:
    """The file stores matrices as float16: from here on PyTorch computes with what is stored."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.copy_(parameter.half().float())
