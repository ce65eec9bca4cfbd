import { ANNOTATION, OP } from '../trace/index.js';

/** `aten::mm`, `_C::rotary_embedding`: operators as PyTorch names them, with their namespace first. */
const OPERATOR = /^[A-Za-z_]\w*::[A-Za-z_]\w*/;

/** Whether a marker that a program pushed around its work is an operator of PyTorch, or any other annotation. */
export function markerKind(text: string): number {
  return OPERATOR.test(text) ? OP : ANNOTATION;
}
