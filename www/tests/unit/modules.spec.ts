// Modules that need no page.
import { expect, test } from "@playwright/test";
import { ChatController } from "../../src/app/controllers/chat-controller";
import { CompareController } from "../../src/app/controllers/compare-controller";
import type { Context } from "../../src/app/controllers/context";
import { firstNeed, summaryTask } from "../../src/app/engine/need";
import { EngineSession, type Loaded } from "../../src/app/engine/session";
import { fromMessages, knownLanguage } from "../../src/app/state/conversation";
import { firstExample, sample } from "../../src/app/state/dialogues";
import { type Experiment, peak, rows, toCsv } from "../../src/app/state/experiment";
import { daysBefore, within } from "../../src/app/state/import-range";
import { timeline } from "../../src/app/state/replay";
import { defaults, validated } from "../../src/app/state/settings";
import { decodeLink, encodeLink } from "../../src/app/state/share-link";
import { spread } from "../../src/app/state/statistics";
import { pickUiLanguage } from "../../src/i18n";
import { de } from "../../src/i18n/de";
import { en } from "../../src/i18n/en";
import { es } from "../../src/i18n/es";
import { fr } from "../../src/i18n/fr";
import type { ModelStatus, SummaryFiles } from "../../src/protocol";
import { megabytes } from "../../src/ui/format";

test("a link holds a chat and gives it back", async () => {
  const lines = [
    { sender: "Zoë", text: "a\nb & c" },
    { sender: "", text: "שלום" },
  ];
  const chat = fromMessages("Été 🏖", lines, knownLanguage("fr"));
  const fragment = await encodeLink(chat, { method: "two-step", to: "de" }, true);
  expect(fragment).toMatch(/^v=1&c=[\w-]+&f=fr&m=two-step&t=translate&l=de$/);
  const link = await decodeLink(`#${fragment}`);
  expect(link).toEqual({
    chat: { title: "Été 🏖", lines: chat.messages.map(({ sender, text }) => ({ sender, text })) },
    from: "fr",
    method: "two-step",
    to: "de",
  });
  expect(await encodeLink(chat, {}, false)).toBe("v=1");
  expect(await encodeLink(chat, { to: "chat" }, false)).toBe("v=1&t=summarize");
});

test("a link of version 0.1 is read", async () => {
  const old = "v=1&d=eval-266&m=projection";
  expect(await decodeLink(`${old}&t=translate&l=es`)).toEqual({ example: "eval-266", method: "projection", to: "es" });
  expect(await decodeLink(`${old}&t=summarize&l=es`)).toEqual({
    example: "eval-266",
    method: "projection",
    to: "chat",
  });
});

test("parts of a chat are taken by number and by date", () => {
  const messages = [
    { time: "2024-01-30T23:59:00" },
    { time: null },
    { time: "2024-01-31T00:00:00" },
    { time: "2024-02-01T09:00:00" },
  ];
  expect(within(messages, { kind: "all" })).toHaveLength(4);
  expect(within(messages, { kind: "last", count: 2 })).toHaveLength(2);
  expect(within(messages, { kind: "since", date: "2024-01-31" })).toEqual(messages.slice(2));
  expect(within(messages, { kind: "since", date: "2024-02-02" })).toEqual([]);
  // As the engine's own ranges: of a chat in which time runs backwards, an older message is left out.
  const late = { time: "2024-01-29T08:00:00" };
  const withLate = [...messages, late, { time: null }, { time: "2024-02-02T07:00:00" }];
  const recent = [...messages.slice(2), { time: "2024-02-02T07:00:00" }];
  expect(within(withLate, { kind: "since", date: "2024-01-31" })).toEqual(recent);
  expect(daysBefore(new Date(2024, 2, 1, 15), 1)).toBe("2024-02-29");
  expect(daysBefore(new Date(2024, 0, 1), 1)).toBe("2023-12-31");
});

test("longer messages take longer to type, within bounds", () => {
  const { messages } = fromMessages("", [
    { sender: "A", text: "hi" },
    { sender: "A", text: "x".repeat(60) },
    { sender: "B", text: "x".repeat(5000) },
  ]);
  const [first, second, third] = timeline(messages);
  expect(first?.typingMs).toBe(500);
  expect(second?.typingMs).toBeGreaterThan(1500);
  expect(third?.typingMs).toBe(3500);
  expect(second?.pauseMs).toBeLessThan(third?.pauseMs ?? 0);
});

test("mean and sample standard deviation", () => {
  expect(spread([])).toBeNull();
  expect(spread([3])).toEqual({ mean: 3, deviation: 0, count: 1 });
  expect(spread([2, 4, 4, 4, 5, 5, 7, 9])?.deviation).toBeCloseTo(2.138, 3);
});

test("random examples are different ones", () => {
  const all = Array.from({ length: 20 }, (_, i) => ({
    id: String(i),
    scenario: "",
    lang: "en",
    turns: [],
    summary: {},
  }));
  expect(new Set(sample(all, 20).map(({ id }) => id)).size).toBe(20);
  expect(sample(all, 50)).toHaveLength(20);
});

test("the first example has a sample in the reader's language, and is in another one if possible", () => {
  const text = { method: "primary", text: "…" } as const;
  const samples = {
    "1": { from: "en", texts: { en: text, es: text } },
    "2": { from: "de", texts: { de: text } },
    "3": { from: "es", texts: { en: text } },
  };
  expect(firstExample(samples, "es")).toEqual({ language: "en", id: "1" });
  expect(firstExample(samples, "en")).toEqual({ language: "es", id: "3" });
  expect(firstExample(samples, "de")).toEqual({ language: "de", id: "2" });
  expect(firstExample(samples, "fr")).toEqual({ language: "en", id: null });
});

const host = { addController() {}, removeController() {}, requestUpdate() {}, updateComplete: Promise.resolve(true) };

test("a language that could not be detected again is unknown, and is detected before it is needed", async () => {
  let answer = Promise.resolve(knownLanguage("es"));
  const chat = new ChatController(
    host,
    () => answer,
    () => {},
  );
  chat.openLines("", [{ sender: "Ana", text: "hola" }]);
  await chat.knowLanguage();
  expect(chat.conversation.language?.code).toBe("es");
  answer = Promise.reject(new Error("no engine"));
  chat.add({ sender: "Ben", text: "hello" });
  await expect(chat.knowLanguage()).rejects.toThrow("no engine");
  expect(chat.conversation.language).toBeNull();
  answer = Promise.resolve(knownLanguage("en"));
  await chat.knowLanguage();
  expect(chat.conversation.language?.code).toBe("en");
});

test("a comparison without chats or without methods is none, and says so", async () => {
  const run = (action: (signal: AbortSignal) => Promise<void>) => action(new AbortController().signal);
  const compare = async (there: object[], usable: object[]): Promise<string> => {
    const app = {
      view: { show() {} },
      tasks: { run },
      chat: { conversation: {}, visible: [], knowLanguage: async () => {}, examplesIn: async () => there },
      session: { available: () => usable },
      settings: {},
      loadModel: async () => {},
      from: "it",
      to: "en",
    } as unknown as Context;
    return String(await new CompareController(app).compare(["primary"], 5).catch((cause: unknown) => cause));
  };
  const example = { scenario: "a", turns: [], lang: "it", summary: {} };
  expect(await compare([], [{ method: "primary" }])).toContain("There are no example chats in Italian.");
  expect(await compare([example], [])).toContain("There is no adapter for chats in Italian yet.");
  expect(await compare([example], [{ method: "zero-shot" }])).toContain("Choose at least one method.");
});

test("directions without a default method are offered only where a model has no adapters", () => {
  const session = new EngineSession(host, () => {
    throw new Error("no worker is needed");
  });
  const direction = (to: string, defaultMethod?: string) => ({
    from: "en",
    to,
    form: "gist",
    methods: [{}],
    defaultMethod,
  });
  const load = (...directions: object[]): void => session.replaceLoaded({ directions } as unknown as Loaded);
  load(direction("en", "primary"), direction("es"));
  expect(session.targets("en")).toEqual(["en"]);
  load(direction("en"), direction("es"));
  expect(session.targets("en")).toEqual(["en", "es"]);
});

test("an experiment becomes rows and lines, and text cannot become a formula", () => {
  const metrics = (total_ms: number) => ({
    prompt_tokens: 10,
    generated_tokens: 5,
    time_to_first_token_ms: 100,
    prefill_ms: 90,
    decode_ms: 50,
    total_ms,
    passes: 1,
    passes_cut: 0,
    wasm_bytes: total_ms * 1000,
    gpu: { bytes: 5 },
  });
  const experiment: Experiment = {
    plan: {
      model: "m",
      from: "en",
      to: "es",
      form: "gist",
      methods: [
        { method: "a", name: "A", extraBytes: 7 },
        { method: "b", name: "B", extraBytes: 0 },
      ],
      chats: [],
      maxTokens: 9,
    },
    running: false,
    idle: { wasm: 1, gpu: 7 },
    current: null,
    runs: [
      {
        chat: "1",
        method: "a",
        text: '=HYPERLINK("x")',
        metrics: metrics(1000),
        rouge: { rouge1: 40, rouge2: 20, rougeL: 30 },
      },
      {
        chat: "2",
        method: "a",
        text: "uno, dos",
        metrics: metrics(3000),
        rouge: { rouge1: 60, rouge2: 20, rougeL: 30 },
      },
    ],
  } as unknown as Experiment;
  const [a, b] = rows(experiment);
  expect(a?.seconds?.mean).toBe(2);
  expect(a?.rouge1?.mean).toBe(50);
  expect(a?.decode?.mean).toBe(100);
  expect(b?.seconds).toBeNull();
  expect(peak(experiment)).toEqual({ wasm: 3_000_000, gpu: 7 });
  const lines = toCsv(experiment).trim().split("\r\n");
  expect(lines[1]).toBe(`1,a,gist,en,es,1000,100,90,50,10,5,1,1000000,5,7,40,20,30,"'=HYPERLINK(""x"")"`);
  expect(lines[2]).toMatch(/,"uno, dos"$/);
});

test("settings are checked one by one", () => {
  expect(validated(null)).toEqual(defaults);
  expect(validated({ theme: "dark", temperature: -1, replaySpeed: 4, unknown: 1 })).toEqual({
    ...defaults,
    theme: "dark",
    replaySpeed: 4,
  });
});

test("settings of version 0.1 keep the language, and projection is no choice", () => {
  const old = { task: "translate", to: "es", method: "projection", theme: "dark" };
  expect(validated(old)).toEqual({ ...defaults, theme: "dark", to: "es" });
  expect(validated({ ...old, method: "two-step" })).toMatchObject({ to: "es", method: "two-step" });
  expect(validated({ ...old, task: "summarize" })).toMatchObject({ to: "chat", method: "auto" });
  expect(validated({ to: "es", method: "projection" })).toMatchObject({ to: "es", method: "projection" });
});

test("the page's language is the first of the reader's that there is", () => {
  expect(pickUiLanguage(["it-IT", "de-AT", "fr"])).toBe("de");
  expect(pickUiLanguage(["ja"])).toBe("en");
});

test("no line of the tables is empty, and translations differ from English where words are meant", () => {
  type Table = { [key: string]: string | ((...values: never[]) => string) | Table };
  const lines = (table: Table, path = ""): [string, string][] =>
    Object.entries(table).flatMap(([key, value]): [string, string][] => {
      if (typeof value === "object") return lines(value, `${path}${key}.`);
      return [[`${path}${key}`, typeof value === "string" ? value : value(...([2, 3] as never[]))]];
    });
  const english = new Map(lines(en as unknown as Table));
  for (const [name, table] of Object.entries({ es, fr, de })) {
    const all = lines(table as unknown as Table);
    expect(all.filter(([, text]) => text.trim() === "")).toEqual([]);
    const same = all.filter(([path, text]) => text.length > 12 && english.get(path) === text);
    expect(same, name).toEqual([]);
  }
});

test("a download says its size, however small it is", () => {
  expect([698, 49_999, 148_688, 951_496, 8_085_920, 115_401_720].map(megabytes)).toEqual([
    "1 kB",
    "50 kB",
    "0.1 MB",
    "1 MB",
    "8.1 MB",
    "115 MB",
  ]);
});

test("before a model is loaded, what a chat needs is known from the model's list of summaries", () => {
  const files = (from: string, to: string, missing: number): SummaryFiles => ({
    task: summaryTask(from, to, "gist"),
    method: from === to ? "primary" : "projection",
    bytes: 8,
    missing,
  });
  const model: ModelStatus = {
    id: "tiny",
    name: "Tiny",
    licence: "",
    bytes: 100,
    stored: 0,
    complete: false,
    origin: "catalog",
    summaries: [
      files("es", "es", 8),
      files("es", "en", 1),
      files("de", "en", 0),
      { task: summaryTask("es", "en", "people"), method: "two-step", bytes: 16, missing: 16 },
    ],
    adapters: [],
  };
  expect(firstNeed(model, "es", "en", "gist")).toEqual({
    purpose: { task: { task: "summarize-translate", from: "es", to: "en" }, method: "projection" },
    bytes: 1,
  });
  // There is no adapter for this direction, so the summary will be in the language of the chat.
  expect(firstNeed(model, "es", "fr", "gist")).toEqual({
    purpose: { task: { task: "summarize", from: "es" }, method: "primary" },
    bytes: 8,
  });
  expect([firstNeed(model, "de", "en", "gist"), firstNeed(model, "fr", "fr", "gist")]).toEqual([null, null]);
  expect(firstNeed(model, "es", "en", "people")).toEqual({
    purpose: { task: { task: "summarize-translate", from: "es", to: "en", form: "people" }, method: "two-step" },
    bytes: 16,
  });
});
