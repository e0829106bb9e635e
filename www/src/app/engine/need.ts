// What a download is for: a task and the method to do it by, and the bytes that are missing for it.
import type { Form, ModelStatus, Purpose, Readiness, Task } from "../../protocol";

/** A purpose whose files are not all on this device. */
export interface Need {
  purpose: Purpose;
  /** Bytes that are missing. */
  bytes: number;
}

/** The form of the summaries that the page offers. */
export const FORM: Form = "gist";

/** Whether a task is a summary of that form, in which tasks are that name none. */
export const isOffered = (task: Task): boolean => task.task !== "translate" && (task.form ?? FORM) === FORM;

/** The task of a summary in `to` of a chat in `from`. */
export const summaryTask = (from: string, to: string): Task =>
  from === to ? { task: "summarize", from } : { task: "summarize-translate", from, to };

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
export function firstNeed({ summaries }: ModelStatus, from: string, to: string): Need | null {
  const find = (to: string) =>
    summaries.find(({ task }) => {
      const [one, other] = languagesOf(task);
      return isOffered(task) && one === from && other === to;
    });
  const files = find(to) ?? find(from);
  return files && files.missing > 0
    ? { purpose: { task: files.task, method: files.method }, bytes: files.missing }
    : null;
}
