/* tslint:disable */
/* eslint-disable */

export type Request = { version: 1; id: number; files?: readonly File[] } & Action;
export type Response = { version: 1; id: number } & Body;


/**
 * A chat of several in a file.
 */
export interface ChatTitle {
    /**
     * Its name.
     */
    name: string;
    /**
     * How many entries it has, the messenger's own included.
     */
    entries: number;
}

/**
 * A chat that was read from a file.
 */
export interface ImportedChat {
    /**
     * What people said, oldest first.
     */
    messages: ImportedMessage[];
    /**
     * What exported it.
     */
    format: Format;
    /**
     * How its dates were read; nothing if it has none.
     */
    dates: Dates | undefined;
    /**
     * How many lines of the messenger itself were left out.
     */
    announcements: number;
    /**
     * How many marks such as `[photo]` stand in the texts.
     */
    media: number;
    /**
     * How many lines before the first message were left out.
     */
    leadingLines: number;
    /**
     * How many messages have no time because their date does not exist in this order.
     */
    impossibleDates: number;
}

/**
 * A language that summaries can be written in.
 */
export interface Target {
    /**
     * Code.
     */
    language: string;
    /**
     * All methods, those that are not available with the reason.
     */
    methods: MethodStatus[];
    /**
     * Why a summary in it cannot be translated back into the chat's language; null if it can.
     */
    noWayBack: string | undefined;
}

/**
 * A message of a chat. Sender and text come apart, so that no text can pass for another sender's message.
 */
export interface ChatMessage {
    /**
     * Who wrote it; may be empty.
     */
    sender: string;
    /**
     * What was written.
     */
    text: string;
}

/**
 * A message that was read from a file.
 */
export interface ImportedMessage {
    /**
     * Who wrote it.
     */
    sender: string;
    /**
     * What was written.
     */
    text: string;
    /**
     * When, local to the device that exported it: `2024-01-05T15:04:00`, which compares as text.
     */
    time: string | undefined;
}

/**
 * A method, for one language.
 */
export interface MethodStatus {
    /**
     * Id.
     */
    method: string;
    /**
     * Name for people.
     */
    name: string;
    /**
     * How many times the model generates for a chat that it can read at once.
     */
    passes: number;
    /**
     * Why it cannot be used; null if it can.
     */
    unavailable: string | undefined;
    /**
     * Bytes of the files that it needs beside the base model and the two adapters.
     */
    extraBytes: number;
}

/**
 * A model of the catalog. Byte counts include its adapters.
 */
export interface ModelStatus {
    /**
     * Catalog id.
     */
    id: string;
    /**
     * Name for people.
     */
    name: string;
    /**
     * Licence.
     */
    licence: string;
    /**
     * Length; null where only its server knows.
     */
    bytes: number | undefined;
    /**
     * How much of that is in the store.
     */
    stored: number;
    /**
     * Whether it can be loaded.
     */
    complete: boolean;
    /**
     * Where its file comes from.
     */
    origin: ModelOrigin;
    /**
     * The adapters that the reader has added to it.
     */
    adapters: OwnAdapter[];
}

/**
 * An adapter that the reader has added.
 */
export interface OwnAdapter {
    /**
     * Its id.
     */
    id: string;
    /**
     * Name for people.
     */
    name: string;
    /**
     * `lora`, or the method that a learned file is for.
     */
    method: string;
    /**
     * What it was trained for.
     */
    task: string;
    /**
     * Language of the text.
     */
    from: string;
    /**
     * Language of the result.
     */
    to: string;
    /**
     * Length.
     */
    bytes: number;
}

/**
 * How dates are written.
 */
export type DateOrder = "dayFirst" | "monthFirst" | "yearFirst";

/**
 * How the dates of a chat were read.
 */
export interface Dates {
    /**
     * The order of day, month and year.
     */
    order: DateOrder;
    /**
     * How that is known.
     */
    certainty: Certainty;
}

/**
 * How the order of dates is known.
 */
export type Certainty = "given" | "certain" | "inferred" | "ambiguous";

/**
 * How tokens are chosen.
 */
export interface Sampling {
    /**
     * 0 always takes the most probable token.
     */
    temperature: number;
    /**
     * Only so many of the most probable tokens are drawn from.
     */
    topK: number;
    /**
     * Only the most probable tokens that together reach this are drawn from.
     */
    topP: number;
    /**
     * Another seed, another text.
     */
    seed: number;
}

/**
 * One of the parts of a text that is too long to be read at once.
 */
export interface Part {
    /**
     * From 0.
     */
    index: number;
    /**
     * How many there are.
     */
    count: number;
}

/**
 * The browser's storage for this site.
 */
export interface Storage {
    /**
     * Bytes in use.
     */
    usage: number;
    /**
     * Bytes that the browser would give.
     */
    quota: number;
    /**
     * Whether the browser promised not to delete it by itself.
     */
    persisted: boolean;
}

/**
 * The events and answers.
 */
export type Body = { type: "progress"; stage: Stage; done: number; total: number; part: Part | undefined } | { type: "notice"; kind: NoticeKind; text: string } | { type: "delta"; step: number; text: string } | { type: "status"; models: ModelStatus[]; storage: Storage } | { type: "added"; model: string } | { type: "examined"; adapter: ExaminedAdapter } | { type: "loaded"; model: string; targets: Target[]; gpu: string | undefined; noGpu: string | undefined; wasmBytes: number; gpuBytes: number } | { type: "trial"; cpuMs: number | undefined; gpuMs: number | undefined; noGpu: string | undefined } | { type: "rouge"; rouge1: number; rouge2: number; rougeL: number } | { type: "imported"; chat: ImportedChat | undefined; chats: ChatTitle[] } | { type: "done"; cancelled: boolean; metrics: Metrics | undefined } | { type: "error"; kind: FaultKind; text: string };

/**
 * The requests.
 */
export type Action = { action: "open"; base: string } | { action: "status" } | { action: "download"; model: string } | { action: "delete"; model: string | undefined } | { action: "importModel" } | { action: "addAddress"; address: string } | { action: "examineAdapter"; model: string; paths: string[] } | { action: "addAdapter"; model: string; paths: string[]; task: string; from: string; to: string } | { action: "removeAdapter"; adapter: string } | { action: "load"; model: string; backend: Backend } | { action: "trial"; model: string } | { action: "summarize"; messages: ChatMessage[]; from: string; to: string; method: string; maxTokens: number; sampling: Sampling } | { action: "translate"; text: string; from: string; to: string; maxTokens: number } | { action: "rouge"; reference: string; candidate: string } | { action: "import"; name: string; bytes: Uint8Array; order?: DateOrder; chat?: number } | { action: "cancel"; target: number };

/**
 * What a notice is about.
 */
export type NoticeKind = "chunkRefused" | "retry" | "notMerged" | "restarted";

/**
 * What a summary cost. Tokens and times are sums over its passes.
 */
export interface Metrics {
    /**
     * Tokens of the prompts.
     */
    promptTokens: number;
    /**
     * Tokens generated.
     */
    generatedTokens: number;
    /**
     * Until the first text of the last step.
     */
    timeToFirstTokenMs: number;
    /**
     * Reading prompts.
     */
    prefillMs: number;
    /**
     * Generating.
     */
    decodeMs: number;
    /**
     * From request to answer.
     */
    totalMs: number;
    /**
     * Passes of the model.
     */
    passes: number;
    /**
     * Passes that ended at `maxTokens`.
     */
    passesCut: number;
    /**
     * The passes one by one.
     */
    perPass: PassMetrics[];
    /**
     * Size of the WebAssembly memory.
     */
    wasmBytes: number;
    /**
     * What the GPU did; null if it had no part in it.
     */
    gpu: GpuMetrics | undefined;
}

/**
 * What an adapter says of itself.
 */
export interface ExaminedAdapter {
    /**
     * Name for people.
     */
    name: string;
    /**
     * `lora`, or the method that a learned file is for.
     */
    method: string;
    /**
     * That method's name for people.
     */
    methodName: string | undefined;
    /**
     * Language of the text; null where it does not say.
     */
    from: string | undefined;
    /**
     * Language of the result; null where it does not say.
     */
    to: string | undefined;
    /**
     * Codes of the languages to choose from.
     */
    languages: string[];
}

/**
 * What exported a chat.
 */
export type Format = "whatsapp" | "telegram" | "signal" | "plain";

/**
 * What kind of error it is.
 */
export type FaultKind = "input" | "failure" | "network" | "quota" | "corrupt" | "device" | "panic";

/**
 * What one pass of the model cost.
 */
export interface PassMetrics {
    /**
     * Tokens of the prompt.
     */
    promptTokens: number;
    /**
     * Tokens generated.
     */
    generatedTokens: number;
    /**
     * Reading the prompt.
     */
    prefillMs: number;
    /**
     * Generating.
     */
    decodeMs: number;
    /**
     * Whether it ended at `maxTokens`.
     */
    cut: boolean;
}

/**
 * What progress is about.
 */
export type Stage = "download" | "import" | "load" | "prefill";

/**
 * What the GPU did. Counts are of the tokens that were generated one by one.
 */
export interface GpuMetrics {
    /**
     * Bytes of all its buffers.
     */
    bytes: number;
    /**
     * Tokens that were computed one by one.
     */
    tokens: number;
    /**
     * Dispatches for them.
     */
    dispatches: number;
    /**
     * Compute passes for them.
     */
    passes: number;
    /**
     * Submits for them.
     */
    submits: number;
    /**
     * Readbacks of their ids.
     */
    readbacks: number;
    /**
     * Bytes of weights, low-rank pairs and cache that they read.
     */
    bytesRead: number;
}

/**
 * Where a model comes from.
 */
export type ModelOrigin = "catalog" | "address" | "file";

/**
 * Where a model is to run.
 */
export type Backend = "cpu" | "gpu" | "auto";


/**
 * The engine of one worker.
 */
export class Worker {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Begins what `message` asks. Its events and its answer come through `post`.
     */
    handle(message: Request): void;
    /**
     * `post` is called with every [`Response`].
     *
     * # Errors
     * If the browser lacks what the worker needs.
     */
    constructor(post: (response: Response) => void);
}

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_worker_free: (a: number, b: number) => void;
    readonly worker_handle: (a: number, b: any) => void;
    readonly worker_new: (a: any) => [number, number, number];
    readonly wasm_bindgen__convert__closures_____invoke__h0c39510037d57549: (a: number, b: number, c: any, d: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__h1ccc1b83dcad596b: (a: number, b: number, c: any) => [number, number];
    readonly wasm_bindgen__convert__closures_____invoke__h1ccc1b83dcad596b_10: (a: number, b: number, c: any) => [number, number];
    readonly wasm_bindgen__convert__closures_____invoke__h1ccc1b83dcad596b_9: (a: number, b: number, c: any) => [number, number];
    readonly wasm_bindgen__convert__closures_____invoke__h7385e1e0bce93b63: (a: number, b: number, c: any) => [number, number];
    readonly wasm_bindgen__convert__closures_____invoke__h46660ae9939a50f6: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__h46660ae9939a50f6_7: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__h7260384842f4cf14: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__hc7d0807588091808: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__h12243ddd9b3b4ee6: (a: number, b: number) => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_destroy_closure: (a: number, b: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
