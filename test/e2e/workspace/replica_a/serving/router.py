"""The router of replica A."""

import torch


def choose_experts(logits, k):
    return torch.topk(logits.softmax(dim=-1), k)
