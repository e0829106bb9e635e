// The worker protocol as the page sees it: types only, made from crate/src/web/protocol.rs by pkg-scripts/wasm.
export type { Action, FaultKind, MethodStatus, Metrics, ModelStatus, Request, Response, Target } from "./engine/gist";
