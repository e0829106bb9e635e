// The engine's worker: passes messages from the page to the engine and back.
import init, { Worker as Engine } from "./engine/gist.js";
import wasm from "./engine/gist_bg.wasm?url";
import type { Request, Response } from "./protocol";

const scope = self as unknown as DedicatedWorkerGlobalScope;

const engine = init({ module_or_path: wasm }).then(
  () => new Engine((response: Response) => scope.postMessage(response)),
);

scope.addEventListener("message", (event: MessageEvent<Request>) => {
  engine
    .then((engine) => engine.handle(event.data))
    .catch((cause: unknown) => {
      // Thrown again outside the promise, so that it reaches the page's `error` listener.
      setTimeout(() => {
        throw cause;
      });
    });
});
