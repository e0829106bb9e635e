// The part of an imported chat to use. A summary of a whole chat is rarely wanted.
export type Range = { kind: "all" } | { kind: "last"; count: number } | { kind: "since"; date: string };

interface Timed {
  readonly time?: string | null | undefined;
}

/** Returns the part of `messages`, oldest first, that `range` names. One without a time goes with the one before it. */
export function within<T extends Timed>(messages: readonly T[], range: Range): readonly T[] {
  switch (range.kind) {
    case "all":
      return messages;
    case "last":
      return messages.slice(-range.count);
    case "since": {
      let inside = false;
      return messages.filter(({ time }) => {
        if (time) inside = time.slice(0, 10) >= range.date;
        return inside;
      });
    }
  }
}

/** The local date `days` before `now`, as `2024-01-05`. */
export function daysBefore(now: Date, days: number): string {
  const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
