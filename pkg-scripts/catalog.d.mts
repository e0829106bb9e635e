export interface CatalogModel {
  id: string;
  file: string;
  bytes: number;
  sources: object[];
  base?: string;
  template: { prompt: string } | null;
}

export interface CatalogAdapter {
  id: string;
  base: string;
  task: string;
  from: string | string[];
  to?: string;
  method: string;
  path: string;
  bytes: number;
  sha256: string;
}

export interface Catalog {
  models: CatalogModel[];
  adapters: CatalogAdapter[];
  default_methods?: { base: string; from: string; to: string; method: string }[];
}

export const cache: string;
export function readCatalog(file?: string): Catalog;
export function baseOf(model: { id: string; base?: string }): string;
export function ofModel<T extends { base: string }>(entries: T[], model: { id: string; base?: string }): T[];
export function adapterFile(adapter: { method: string; path: string; sha256: string }): string;
