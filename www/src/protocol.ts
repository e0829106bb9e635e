// The worker protocol as the page sees it: types only, made from crate/src/web/protocol.rs by pkg-scripts/wasm.
export type {
  Action, Backend, Body, DateOrder, FaultKind, ImportedChat, MethodStatus, Metrics, ModelStatus, Part, Request, Response, Stage, Storage, Target,
} from "./engine/gist";
