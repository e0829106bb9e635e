import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";

export interface Options {
  port?: number;
  base?: string;
  intercept?: (
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    headers: OutgoingHttpHeaders,
  ) => Promise<boolean>;
}

export function serve(folder: string, options?: Options): Promise<{ server: Server; url: string }>;
