// Browsers' WGSL compiler is stricter than that of native builds. It compiles every shader that the Rust tests have
// written: in Chromium those that its software GPU can run, and without a GPU all of them, including f16.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { create, globals } from "webgpu";
import { open } from "./bench";

const folder = process.env.WGSL_DIR ?? join(import.meta.dirname, "../../../target/wgsl");

/** Dawn without a GPU. Kept with its device, because it aborts the process if collected while its threads compile. */
const dawn = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
let device: GPUDevice | undefined;

interface Variant {
  name: string;
  code: string;
  f16: boolean;
}

function variants(): Variant[] {
  if (!existsSync(folder))
    throw new Error(`${folder} is missing; the Rust tests write it: WGSL_DIR=${folder} cargo test --release`);
  return readdirSync(folder).map((name) => {
    const code = readFileSync(join(folder, name), "utf8");
    // The engine's wasm build adds this directive too; naga refuses it.
    const subgroups = /\bsubgroup[A-Z_]/.test(code) ? "enable subgroups;\n" : "";
    return { name, code: subgroups + code, f16: /^enable f16;/m.test(code) };
  });
}

/** Errors of compiling `all` on `device`, and to pipelines if so asked. Self-contained, as it runs in a page too. */
async function errors(device: GPUDevice, all: Variant[], pipelines: boolean): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name, code } of all) {
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    if (pipelines)
      await device
        .createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } })
        .catch(() => {}); // the error scope has it
    const { messages } = await module.getCompilationInfo();
    const error = await device.popErrorScope();
    const told = messages
      .filter(({ type }) => type === "error")
      .map(({ lineNum, message }) => `${lineNum}: ${message}`);
    if (told.length > 0 || error) wrong.push(`${name}: ${told.join("; ") || error?.message}`);
  }
  return wrong;
}

test("every variant compiles as in a browser, f16 included", async () => {
  const all = variants();
  expect(all.length).toBeGreaterThan(100);
  expect(all.some(({ f16 }) => f16) && all.some(({ code }) => code.startsWith("enable subgroups;"))).toBe(true);
  Object.assign(globalThis, globals);
  const adapter = await dawn.requestAdapter();
  device = await adapter?.requestDevice({ requiredFeatures: ["shader-f16", "subgroups"] });
  if (!device) throw new Error("the compiler's device is missing");
  expect(
    await errors(
      device,
      [{ name: "broken", code: "enable subgroups; fn main() { let x: u32 = 1.0; }", f16: false }],
      true,
    ),
  ).toHaveLength(1);
  expect(await errors(device, all, true)).toEqual([]);
});

test("every variant without f16 compiles in Chromium", async () => {
  const bench = await open();
  const wrong = await bench.page.evaluate(
    async ({ errors, all }) => {
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter?.requestDevice({ requiredFeatures: ["subgroups" as GPUFeatureName] });
      // A software GPU takes minutes to compile them all to machine code.
      return device
        ? await (
            new Function(`return ${errors}`)() as (
              device: GPUDevice,
              all: object[],
              pipelines: boolean,
            ) => Promise<string[]>
          )(device, all, false)
        : ["there is no device"];
    },
    { errors: errors.toString(), all: variants().filter(({ f16 }) => !f16) },
  );
  await bench.close();
  expect(wrong).toEqual([]);
});
