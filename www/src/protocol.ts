// The worker protocol as the page sees it: types only, made from crate/src/web/protocol by pkg-scripts/wasm.
export type {
  Action, Backend, Body, DateOrder, ExaminedAdapter, FaultKind, ImportedChat, MethodStatus, Metrics, ModelStatus, OwnAdapter, Part, Request, Response, Stage,
  Storage, Target,
} from "./engine/gist";
