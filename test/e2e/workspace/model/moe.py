"""A mixture-of-experts layer whose tokens travel to the ranks that own their experts."""

import torch
import torch.distributed as dist


class MoEDispatcher(torch.nn.Module):
    """Sends every token to the rank of its expert."""

    def __init__(self, group):
        super().__init__()
        self.group = group

    def forward(self, tokens, counts):
        received = torch.empty_like(counts)
        dist.all_to_all_single(received, counts, group=self.group)
        return self.exchange(tokens, counts, received)

    def exchange(self, tokens, counts, received):
        out = tokens.new_empty(int(received.sum()), tokens.shape[1])
        dist.all_to_all_single(out, tokens, received.tolist(), counts.tolist(), group=self.group)
        return out
