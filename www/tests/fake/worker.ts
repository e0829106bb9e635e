// The fake engine for tests of the page: the same protocol without a model. Words in the chat choose what goes wrong; a
// test can hold downloads on the channel `fake`.
import type { Imported } from "../../src/app/state/chat-import";
import type {
  Action,
  Direction,
  Method,
  MethodStatus,
  ModelStatus,
  Purpose,
  Request,
  Response,
  StoredAdapter,
  SummaryFiles,
  Task,
} from "../../src/protocol";

const scope = self as unknown as DedicatedWorkerGlobalScope;
type Body = Response extends infer R ? (R extends unknown ? Omit<R, "version" | "id"> : never) : never;
type ActionOf<T extends Action["action"]> = Extract<Action, { action: T }>;
const post = (id: number, body: Body): void => scope.postMessage({ version: 1, id, ...body });
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const done = { type: "done", cancelled: false, metrics: undefined } as const;

const bytes = 114_450_240;
/** A model of the catalog that has no address, but shares its adapters with the first. */
const whole = "gemma-3-270m";
/** Models that the user has added. */
let userModels: ModelStatus[] = [];
let adapters: StoredAdapter[] = [];
const models = (): ModelStatus[] => [
  {
    id: "gemma-3-270m-64k",
    name: "Gemma 3 270M (64k tokens)",
    bytes,
    licence: "Gemma Terms of Use; modified: fewer tokens",
    stored,
    complete: stored === bytes,
    origin: "catalog",
    summaries: summaries(),
    adapters: [...files.filter(({ id }) => here.has(id)), ...adapters],
  },
  {
    id: "huge",
    name: "Huge 30B",
    bytes: 90e12,
    licence: "Apache-2.0",
    stored: 0,
    complete: false,
    origin: "catalog",
    summaries: [],
    adapters: [],
  },
  ...userModels.map((model) => (model.id === whole ? { ...model, adapters } : model)),
];
let stored = 0;
let held = false;
let gpu: string | undefined;
new BroadcastChannel("fake").onmessage = ({ data }: MessageEvent<"hold" | "go">) => {
  held = data === "hold";
};
const cancelled = new Set<number>();
const texts: Record<string, string> = {
  es: "Frank dice que la cuerda de la campana se ha roto. Hamish consigue otra antes de la boda.",
  en: "Frank says that the bell rope has gone. Hamish gets another one before the wedding.",
  fr: "Frank dit que la corde de la cloche est cassée. Hamish en trouve une autre avant le mariage.",
  de: "Frank sagt, dass das Glockenseil gerissen ist. Hamish besorgt vor der Hochzeit ein neues.",
  it: "Frank dice che la corda della campana si è rotta. Hamish ne trova un’altra prima del matrimonio.",
};
/** Summaries by person. */
const people: Record<string, string> = {
  es: "Frank: la cuerda de la campana se ha roto\nHamish: consigue otra antes de la boda",
  en: "Frank: the bell rope has gone\nHamish: gets another one before the wedding",
};
const back: Record<string, string> = {
  en: "Frank says that the rope of the bell has broken.",
  es: "Frank dice que la cuerda de la campana se rompió.",
};

const method = (method: Method, name: string, extraBytes = 0, unavailable?: string): MethodStatus => ({
  method,
  name,
  passes: method === "two-step" ? 2 : 1,
  unavailable,
  missing: undefined,
  extraBytes,
});
const ready = { unavailable: undefined, missing: undefined };
/** Summaries in another language. */
const translated = (from: string, to: string, noWayBack?: string): Direction => ({
  from,
  to,
  form: "gist",
  methods: [
    method("zero-shot", "Zero-shot"),
    method("projection", "Projection merge", 148_712),
    method("two-step", "Two-step"),
    method(
      "joint-expert",
      "Joint expert",
      0,
      `no joint-expert adapter from ${from} to ${to} is installed for this model; add one`,
    ),
  ],
  defaultMethod: "projection",
  wayBack: { unavailable: noWayBack, missing: undefined },
  oneOfParts: ready,
});
/** Summaries in the language of the chat. */
const plain = (language: string): Direction => ({
  from: language,
  to: language,
  form: "gist",
  methods: [method("zero-shot", "Zero-shot"), method("primary", "Summarization LoRA")],
  defaultMethod: "primary",
  wayBack: { unavailable: "the text is in that language already", missing: undefined },
  oneOfParts: ready,
});
/** Summaries in another language with a translation LoRA only, so that there is no default method. */
const halved = (from: string, to: string): Direction => ({
  from,
  to,
  form: "gist",
  methods: [method("zero-shot", "Zero-shot"), method("two-step", "Two-step", 0, "no summarization adapter")],
  defaultMethod: undefined,
  wayBack: ready,
  oneOfParts: ready,
});
// Those of models/catalog.json: all four languages, and English in Spanish. The tests need more: a reader of English
// who opens a chat in Spanish or German, a summary that cannot be translated back, and a direction without a default
// method. There is none for Italian, which the tests take for a language without adapters.
const directions: Direction[] = [
  plain("en"),
  plain("es"),
  plain("fr"),
  plain("de"),
  translated("en", "es"),
  translated("es", "en"),
  translated("de", "en"),
  translated("es", "fr", "no adapter that translates fr to es is installed for this model; add one"),
  halved("de", "es"),
  { ...plain("en"), form: "people" },
  { ...translated("es", "en"), form: "people", defaultMethod: "two-step" },
];

/**
 * The files of the catalog for chats in Spanish and German, which a test has downloaded one by one if it asks for that
 * (`apart`). Otherwise everything comes with the model, as with earlier versions.
 */
let apart = false;
const file = (id: string, name: string, tasks: Task[], bytes: number): StoredAdapter => ({
  id,
  name,
  kind: tasks[0]?.task === "summarize-translate" ? "baked" : "lora",
  tasks,
  bytes,
  own: false,
});
const both = (from: string, to: string): Task => ({ task: "summarize-translate", from, to });
const files = [
  file("es-en", "Projection merge", [both("es", "en")], 951_496),
  file("de-en", "Projection merge", [both("de", "en")], 951_496),
  file(
    "summarize",
    "Summarization LoRA",
    ["es", "de"].map((from) => ({ task: "summarize", from })),
    8_085_952,
  ),
  file(
    "translate-en",
    "Translation LoRA",
    ["es", "de"].map((from) => ({ task: "translate", from, to: "en" })),
    8_085_920,
  ),
  file("translate-es", "Translation LoRA", [{ task: "translate", from: "en", to: "es" }], 8_085_920),
];
/** Bytes of files of an earlier version. */
let leftover = 41e6;
/** Those that have been downloaded. */
const here = new Set<string>();

/** The files for a purpose. */
function filesFor({ task, method }: Purpose): StoredAdapter[] {
  const ids: Record<string, string[]> = {
    projection: "to" in task && !("form" in task) ? [`${task.from}-${task.to}`] : [],
    "two-step": ["summarize", "translate-en"],
    primary: ["summarize"],
    secondary: ["to" in task ? `translate-${task.to}` : ""],
  };
  return files.filter(({ id }) => ids[method]?.includes(id));
}

const missing = (purpose: Purpose): number =>
  filesFor(purpose)
    .filter(({ id }) => apart && !here.has(id))
    .reduce((sum, { bytes }) => sum + bytes, 0);

const readiness = (purpose: Purpose): { unavailable: string | undefined; missing: number | undefined } => {
  const bytes = missing(purpose);
  return bytes > 0 ? { unavailable: "no adapter is installed for this model; add one", missing: bytes } : ready;
};

const taskOf = ({ form, from, to }: Direction): Task => ({
  ...(from === to ? { task: "summarize", from } : both(from, to)),
  ...(form === "people" && { form }),
});

/** A direction with what is missing for it. */
function withMissing(direction: Direction): Direction {
  if (!apart) return direction;
  const task = taskOf(direction);
  const { from, to } = direction;
  return {
    ...direction,
    methods: direction.methods.map((each) => ({
      ...each,
      ...(each.unavailable === undefined && readiness({ task, method: each.method })),
    })),
    wayBack: readiness({ task: { task: "translate", from: to, to: from }, method: "secondary" }),
    oneOfParts: readiness({ task: { task: "summarize", from }, method: "primary" }),
  };
}

function summaries(): SummaryFiles[] {
  return directions.flatMap((direction) => {
    const [task, method] = [taskOf(direction), direction.defaultMethod];
    if (method === undefined) return [];
    const bytes = filesFor({ task, method }).reduce((sum, { bytes }) => sum + bytes, 0);
    return [{ task, method, bytes, missing: missing({ task, method }) }];
  });
}

async function download(id: number, { purposes }: ActionOf<"download">): Promise<void> {
  const wanted = apart ? purposes.flatMap(filesFor).filter(({ id }) => !here.has(id)) : [];
  const rest = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  const own = stored < bytes ? bytes : 0;
  while (stored < bytes) {
    await wait(40);
    if (cancelled.has(id)) return;
    if (held && stored >= 64 * 1024 * 1024) continue;
    stored = Math.min(bytes, stored + 16 * 1024 * 1024);
    if (stored === 32 * 1024 * 1024)
      post(id, { type: "notice", kind: "chunkRefused", text: "A damaged piece was refused and fetched again." });
    post(id, { type: "progress", phase: "download", done: stored, total: own + rest, part: undefined });
  }
  for (const [index, file] of wanted.entries()) {
    post(id, {
      type: "progress",
      phase: "download",
      done: own + (rest * index) / wanted.length,
      total: own + rest,
      part: undefined,
    });
    do {
      await wait(100);
      if (cancelled.has(id)) return;
    } while (held);
    here.add(file.id);
  }
  post(id, done);
}

/**
 * Copies a file in four steps. One whose name contains SLOW waits to be stopped after half of them. One that is the
 * catalog's becomes that model.
 */
async function importModel(id: number, file: File): Promise<void> {
  if (!file.name.endsWith(".gguf"))
    return post(id, {
      type: "error",
      kind: "input",
      text:
        `${file.name}: this is not a GGUF file (it does not start with the letters GGUF); ` +
        "give a .gguf model or adapter",
    });
  const common = { bytes: 2e6, licence: "", stored: 0, complete: false, summaries: [], adapters: [] };
  const model: ModelStatus = file.name.startsWith(whole)
    ? { ...common, id: whole, name: "Gemma 3 270M (all languages)", origin: "catalog" }
    : { ...common, id: "file:1", name: "My model", origin: "file" };
  for (let done = 0; done <= 4; done++) {
    userModels = [{ ...model, stored: done * 5e5, complete: done === 4 }];
    post(id, { type: "progress", phase: "import", done: done * 1e6, total: 4e6, part: undefined });
    await wait(40);
    while (file.name.includes("SLOW") && done === 2 && !cancelled.has(id)) await wait(20);
    if (cancelled.has(id)) return;
  }
  post(id, { type: "added", model: model.id });
}

/** All directions, with those that adapters of the user have added. */
function added(): Direction[] {
  const added = adapters
    .flatMap(({ tasks }) => tasks)
    .map((task) => (task.task === "summarize" ? plain(task.from) : translated(task.from, task.to)));
  const isNew = (one: Direction): boolean => !directions.some(({ from, to }) => from === one.from && to === one.to);
  return [...directions.map(withMissing), ...added.filter(isNew)];
}

function addAdapter(id: number, { model, paths, task }: ActionOf<"addAdapter">): void {
  const name = paths[0]?.split("/").at(-2) ?? "adapter";
  adapters = [{ id: `${model}/own/${name}`, name, kind: "lora", tasks: [task], bytes: 8e6, own: true }];
  post(id, {
    type: "loaded",
    model,
    gpu,
    noGpu: undefined,
    wasmBytes: 4e8,
    gpuBytes: gpu === undefined ? 0 : 2.9e8,
    directions: added(),
  });
}

/** Writes a text word by word and ends the request. The text of a careful run replaces another that did not pass. */
async function write(id: number, text: string, slowly: boolean, stage = 0, careful = false): Promise<void> {
  if (careful) {
    post(id, { type: "delta", text: "Frank says that 17 bells have gone.", stage });
    post(id, { type: "draft", written: 1, total: 6 });
    do {
      await wait(50);
      if (cancelled.has(id)) return;
    } while (held);
    post(id, { type: "rewritten", text, stage });
  }
  for (const word of careful ? [] : text.split(/(?<= )/)) {
    await wait(slowly ? 400 : 15);
    if (cancelled.has(id)) {
      // An engine that is told to stop may have a word on its way. A test can ask whether there was one.
      post(id, { type: "delta", text: "TOO LATE", stage });
      Object.assign(globalThis, { wroteTooLate: true });
      return;
    }
    post(id, { type: "delta", text: word, stage });
  }
  const pass = {
    prompt_tokens: 240,
    generated_tokens: 24,
    prefill_ms: 5100,
    decode_ms: 2400,
    cut: false,
    looped: false,
  };
  const metrics = {
    prompt_tokens: 240,
    generated_tokens: 24,
    time_to_first_token_ms: 5200,
    prefill_ms: 5100,
    decode_ms: 2400,
    total_ms: 7600,
    windows: 1,
    passes: 1,
    passes_cut: 0,
    passes_looped: 0,
    per_pass: careful ? [{ ...pass, candidates: 3, faults: 0 }] : [],
    wasm_bytes: 412_000_000,
    gpu: undefined,
  };
  const work = {
    bytes: 290_000_000,
    tokens: 20,
    dispatches: 2960,
    passes: 20,
    submits: 20,
    readbacks: 6,
    bytes_read: 5e9,
  };
  post(id, { type: "done", metrics: { ...metrics, gpu: gpu === undefined ? undefined : work }, cancelled: false });
}

async function summarize(id: number, { messages, to, form, careful }: ActionOf<"summarize">): Promise<void> {
  const chat = messages.map(({ sender, text }) => `${sender}: ${text}`).join("\n");
  if (chat.includes("PANIC"))
    return post(id, { type: "error", kind: "panic", text: "The engine stopped unexpectedly." });
  if (chat.includes("LOST"))
    return post(id, { type: "error", kind: "device", text: "the GPU example failed: the device was lost" });
  if (chat.includes("RESTART")) {
    post(id, { type: "delta", stage: 0, text: "Half a " });
    await wait(50);
    post(id, {
      type: "notice",
      kind: "restarted",
      text: "the GPU example failed: the device was lost. The model is loaded again.",
    });
  }
  if (chat.includes("QUOTA"))
    return post(id, {
      type: "error",
      kind: "quota",
      text: "There is no room left on this device. Free some space and try again.",
    });
  if (chat.includes("APART") && !here.has("summarize"))
    post(id, {
      type: "notice",
      kind: "notMerged",
      text: "The chat was read in 2 parts, and each part's summary is given after the other.",
    });
  const parts = chat.includes("LONG") ? 3 : 1;
  for (let index = 0; parts > 1 && index < parts && !cancelled.has(id); index++) {
    post(id, { type: "progress", phase: "prefill", done: 1200, total: 3600, part: { index, count: parts } });
    await wait(1500);
    post(id, { type: "delta", text: `What part ${index + 1} is about.\n`, stage: 0 });
  }
  if (cancelled.has(id)) return;
  post(id, { type: "progress", phase: "prefill", done: 120, total: 240, part: undefined });
  await wait(50);
  await write(
    id,
    `${chat.includes("<img") ? "<img src=x onerror=alert(1)> " : ""}${(form === "people" ? people : texts)[to] ?? ""}`,
    chat.includes("SLOW"),
    parts > 1 ? 1 : 0,
    careful,
  );
}

/** Tells the languages by a greeting. Without one it guesses English, and with UNSURE it is not certain. */
function detect({ messages }: ActionOf<"detectLanguage">): Body {
  const text = messages
    .map(({ text }) => text)
    .join(" ")
    .toLowerCase();
  const greetings = { es: "hola", fr: "salut", de: "hallo", it: "ciao" };
  const language = Object.entries(greetings).find(([, word]) => text.includes(word))?.[0] ?? "en";
  return { type: "detected", language, certain: !text.includes("unsure") };
}

/** Reads lines of the form `Name: text`, optionally with a time in brackets before them. */
function read({ bytes, order, chat }: ActionOf<"import">): Imported {
  const text = new TextDecoder().decode(new Uint8Array(bytes));
  const chats =
    text.includes("SEVERAL") && chat === undefined
      ? [
          { name: "Family", entries: 2 },
          { name: "Work", entries: 1 },
        ]
      : [];
  const messages = [...text.matchAll(/^(?:\[(\S+)\] )?([^:\n]{1,40}): (.*)$/gm)]
    .map(([, time, sender = "", text = ""]) => ({ sender, text, time }))
    .slice(chat ?? 0);
  const certainty = order !== undefined ? "given" : text.includes("AMBIGUOUS") ? "ambiguous" : "certain";
  const dates = text.includes("[") ? ({ order: order ?? ("day-first" as const), certainty } as const) : undefined;
  return {
    chat:
      chats.length > 0
        ? undefined
        : { messages, format: "plain", dates, announcements: 0, media: 0, leadingLines: 0, impossibleDates: 0 },
    chats,
  };
}

scope.addEventListener("message", ({ data: message }: MessageEvent<Request | { fake: "apart" }>) => {
  if ("fake" in message) {
    apart = true;
    return;
  }
  const { id } = message;
  switch (message.action) {
    case "open":
      return post(id, done);
    case "status":
      return post(id, {
        type: "status",
        models: models(),
        storage: { usage: stored, quota: 64e9, persisted: true },
        leftover,
        engine: { languages: ["en", "es", "fr", "de", "it"], maxImportBytes: 256 * 1024 * 1024 },
      });
    case "download":
      return void download(id, message);
    case "delete":
      if (message.model === undefined || message.model === "gemma-3-270m-64k") {
        [stored, adapters] = [0, []];
        here.clear();
      }
      userModels = userModels.filter(({ id }) => message.model !== undefined && id !== message.model);
      return post(id, done);
    case "deleteLeftovers":
      leftover = 0;
      return post(id, done);
    case "importModel":
      return void (message.files?.[0] && importModel(id, message.files[0]));
    case "addAddress":
      return post(id, {
        type: "error",
        kind: "input",
        text:
          `${message.address}: this names no .gguf file; give an address such as ` +
          "https://huggingface.co/OWNER/REPOSITORY/blob/main/FILE.gguf",
      });
    case "examineAdapter":
      return message.paths.some((path) => path.endsWith("adapter_config.json"))
        ? post(id, {
            type: "examined",
            adapter: {
              name: "mine",
              kind: "lora",
              methodName: undefined,
              from: undefined,
              to: undefined,
            },
          })
        : post(id, { type: "error", kind: "input", text: "there is no adapter among these files; give a GGUF LoRA" });
    case "addAdapter":
      return addAdapter(id, message);
    case "removeAdapter":
      if (!here.delete(message.adapter)) adapters = [];
      return post(id, done);
    case "load":
      gpu = message.backend === "cpu" ? undefined : "example";
      return post(id, {
        type: "loaded",
        model: message.model,
        gpu,
        noGpu: undefined,
        wasmBytes: 4e8,
        gpuBytes: gpu ? 2.9e8 : 0,
        directions: added(),
      });
    case "benchmark":
      return post(id, { type: "benchmark", cpuMs: 7600, gpuMs: 2100, noGpu: undefined });
    case "summarize":
      return void summarize(id, message);
    case "translate":
      return void write(id, back[message.to] ?? "", false);
    case "detectLanguage":
      return post(id, detect(message));
    case "rouge":
      return post(id, { type: "rouge", rouge1: 51.2, rouge2: 24.1, rougeL: 47.3 });
    case "import": {
      const imported = read(message);
      return imported.chat?.messages.length === 0
        ? post(id, {
            type: "error",
            kind: "input",
            text: "the conversation is empty; give lines of the form `Name: text`",
          })
        : post(id, { type: "imported", ...imported });
    }
    case "cancel":
      cancelled.add(message.target);
  }
});
