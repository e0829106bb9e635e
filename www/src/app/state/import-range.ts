// Which part of an imported chat to take: whole chats are rarely what a summary is wanted of.
export type Range = { kind: "all" } | { kind: "last"; count: number } | { kind: "since"; date: string };

interface Timed {
  readonly time?: string | null | undefined;
}

/** The part of `messages`, oldest first, that `range` names. Messages without a time go with the one before them. */
export function within<T extends Timed>(messages: readonly T[], range: Range): readonly T[] {
  switch (range.kind) {
    case "all":
      return messages;
    case "last":
      return messages.slice(-range.count);
    case "since": {
      const first = messages.findIndex(({ time }) => (time ?? "").slice(0, 10) >= range.date);
      return first < 0 ? [] : messages.slice(first);
    }
  }
}

/** The date `days` before `now`, as messages have it: local, `2024-01-05`. */
export function daysBefore(now: Date, days: number): string {
  const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
