// Files as the reader picks them: from a file picker, a folder picker or dropped, each with its path.

export interface PickedFiles {
  paths: readonly string[];
  files: readonly File[];
}

/** What a picker holds. A folder's files have a path, others a name. */
export function fromPicker(files: Iterable<File>): PickedFiles {
  const all = [...files];
  return { files: all, paths: all.map(({ name, webkitRelativePath }) => webkitRelativePath || name) };
}

/** What was dropped. Of folders, the files that lie right in them. */
export async function fromDrop(data: DataTransfer): Promise<PickedFiles> {
  // Before anything is waited for: what was dropped is gone after the event. Not every file has an entry.
  const dropped = [...data.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const found: [path: string, file: File][] = [];
  for (const each of dropped) {
    if (each instanceof File) found.push([each.name, each]);
    else if (each)
      for (const entry of isFolder(each) ? await inside(each) : [each])
        if (isFile(entry)) found.push([entry.fullPath.slice(1), await opened(entry)]);
  }
  return { paths: found.map(([path]) => path), files: found.map(([, file]) => file) };
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const opened = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

async function inside(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // Folders are read in batches; the last one is empty.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}
