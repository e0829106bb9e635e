// What a download is for: a task and the method to do it by, and the bytes that are missing for it.
import type { Form, ModelStatus, Purpose, Readiness, Task } from "../../protocol";

/** A purpose whose files are not all on this device. */
export interface Need {
  purpose: Purpose;
  /** Bytes that are missing. */
  bytes: number;
}

/** The form of a summary, which is the gist in tasks that name none; null for a translation. */
export const formOf = (task: Task): Form | null => (task.task === "translate" ? null : (task.form ?? "gist"));

/** The task of a summary in `to` of a chat in `from`. */
export function summaryTask(from: string, to: string, form: Form): Task {
  const named = form === "gist" ? {} : { form };
  return from === to ? { task: "summarize", from, ...named } : { task: "summarize-translate", from, to, ...named };
}

/** The task of translating a summary. */
export const translationTask = (from: string, to: string): Task => ({ task: "translate", from, to });

/** The languages of a task's text and result. */
export const languagesOf = (task: Task): [from: string, to: string] => [task.from, "to" in task ? task.to : task.from];

/** What is missing for a purpose; null if nothing is, or if it is not to be had. */
export function needOf(purpose: Purpose, { missing }: Readiness): Need | null {
  return missing === undefined ? null : { purpose, bytes: missing };
}

/**
 * What is missing for the summaries of chats in `from` by the default method, before the model is loaded: in `to` or,
 * where there is no such adapter, in the language of the chat.
 */
export function firstNeed({ summaries }: ModelStatus, from: string, to: string, form: Form): Need | null {
  const find = (to: string) =>
    summaries.find(({ task }) => {
      const [one, other] = languagesOf(task);
      return formOf(task) === form && one === from && other === to;
    });
  const files = find(to) ?? find(from);
  return files && files.missing > 0
    ? { purpose: { task: files.task, method: files.method }, bytes: files.missing }
    : null;
}
