/* tslint:disable */
/* eslint-disable */
export const memory: WebAssembly.Memory;
export const __wbg_worker_free: (a: number, b: number) => void;
export const worker_handle: (a: number, b: any) => void;
export const worker_new: (a: any) => [number, number, number];
export const wasm_bindgen__convert__closures_____invoke__h0c39510037d57549: (a: number, b: number, c: any, d: any) => void;
export const wasm_bindgen__convert__closures_____invoke__h1ccc1b83dcad596b: (a: number, b: number, c: any) => [number, number];
export const wasm_bindgen__convert__closures_____invoke__h1ccc1b83dcad596b_10: (a: number, b: number, c: any) => [number, number];
export const wasm_bindgen__convert__closures_____invoke__h1ccc1b83dcad596b_9: (a: number, b: number, c: any) => [number, number];
export const wasm_bindgen__convert__closures_____invoke__h7385e1e0bce93b63: (a: number, b: number, c: any) => [number, number];
export const wasm_bindgen__convert__closures_____invoke__h46660ae9939a50f6: (a: number, b: number, c: any) => void;
export const wasm_bindgen__convert__closures_____invoke__h46660ae9939a50f6_7: (a: number, b: number, c: any) => void;
export const wasm_bindgen__convert__closures_____invoke__h7260384842f4cf14: (a: number, b: number, c: any) => void;
export const wasm_bindgen__convert__closures_____invoke__hc7d0807588091808: (a: number, b: number, c: any) => void;
export const wasm_bindgen__convert__closures_____invoke__h12243ddd9b3b4ee6: (a: number, b: number) => void;
export const __wbindgen_malloc: (a: number, b: number) => number;
export const __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
export const __wbindgen_free: (a: number, b: number, c: number) => void;
export const __wbindgen_exn_store: (a: number) => void;
export const __externref_table_alloc: () => number;
export const __wbindgen_externrefs: WebAssembly.Table;
export const __wbindgen_destroy_closure: (a: number, b: number) => void;
export const __externref_table_dealloc: (a: number) => void;
export const __wbindgen_start: () => void;
