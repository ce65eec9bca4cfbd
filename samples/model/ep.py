"""The expert-parallel script of the sample trace: a re-creation to navigate by, not the recorded file.

Written after the trace: the functions it names begin on the lines it names (14, 17, 19, 42, 64) and
do what their operators show, in that order. What the trace does not show (setting up the model) is
filled in as one would write it. It was never run.
"""
import torch, torch.distributed as dist
from torch import nn
from torch.profiler import profile, record_function
from transformers import AutoConfig, AutoModelForCausalLM


class EPDispatcher(nn.Module):  # rows of tokens to the ranks that hold their experts
    def forward(self, rows, send, receive):
        out = rows.new_empty(sum(receive), rows.shape[1]); dist.all_to_all_single(out, rows, receive, send); return out
class EPCombiner(nn.Module):  # rows of results back to the ranks of their tokens
    def forward(self, rows, send, receive):
        out = rows.new_empty(sum(receive), rows.shape[1]); dist.all_to_all_single(out, rows, receive, send); return out
def ep_forward(self, hidden_states, top_k_index, top_k_weights):
    """Stands in for NemotronHExperts.forward: each rank holds n_local of the experts."""
    flat = top_k_index.reshape(-1)
    order = flat.argsort()
    by_expert, token = flat[order], order // top_k_index.shape[1]
    # Every rank tells every other how many tokens it will send to each expert. A rank that is early
    # waits here for the others: this small exchange owns the tail of the sample trace.
    counts = torch.bincount(by_expert, minlength=self.n_local * self.world)
    counts_in = torch.empty_like(counts)
    dist.all_to_all_single(counts_in, counts)
    send = counts.view(self.world, -1).sum(1).tolist()
    receive = counts_in.view(self.world, -1).sum(1).tolist()
    rows = self.dispatch(hidden_states[token], send, receive)
    local = torch.arange(self.n_local, device=rows.device).repeat(self.world)
    expert = torch.repeat_interleave(local, counts_in.reshape(-1))
    grouped = expert.argsort()
    rows, offsets = rows[grouped], torch.bincount(expert, minlength=self.n_local).cumsum(0).to(torch.int32)
    rows = self.act_fn(torch._grouped_mm(rows, self.up_proj[: self.n_local].transpose(1, 2), offs=offsets))
    rows = torch._grouped_mm(rows, self.down_proj[: self.n_local].transpose(1, 2), offs=offsets)
    back = torch.empty_like(rows); back[grouped] = rows
    back = self.combine(back, receive, send)
    out = torch.zeros_like(hidden_states)
    return out.index_add_(0, token, back * top_k_weights.reshape(-1)[order, None].to(back.dtype))
def steps(model, rank, first=100, last=104):
    """Engine steps: one token for each of 32 sequences, or the prompt of a new one."""
    prompts = {(0, 101): 707, (0, 102): 267}  # (rank, step): tokens, as the trace's annotations say
    for step in range(first, last):
        prompt = prompts.get((rank, step))
        shape = (1, prompt) if prompt else (32, 1)
        phase = f"prefill tokens={prompt}" if prompt else "decode tokens=32"
        tokens = torch.randint(0, 30000, shape, device="cuda")
        with record_function(f"execute_model step={step} {phase}"):
            model(tokens)
        torch.cuda.synchronize()


dist.init_process_group("nccl"); rank, world = dist.get_rank(), dist.get_world_size(); torch.cuda.set_device(rank)
config = AutoConfig.from_pretrained("nemotron_h_ep2.config.json")
# Random weights: what is measured does not depend on them.
with torch.device("cuda"), torch.inference_mode(): model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
for module in model.modules():  # the experts shared out
    if type(module).__name__ == "NemotronHExperts":
        module.n_local, module.world = config.n_routed_experts // world, world
        module.dispatch, module.combine = EPDispatcher(), EPCombiner()
        module.forward = ep_forward.__get__(module)
with torch.inference_mode(), profile(with_stack=True, record_shapes=True) as recording: steps(model, rank)
recording.export_chrome_trace(f"nemotron_h_ep2.rank{rank}.pt.trace.json.gz")
