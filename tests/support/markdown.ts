/** The project's documents and the code in them, which tests run so that it stays correct. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "./root";

/** The folders with documents, besides the project's folder itself. */
const FOLDERS = ["docs", "infra-terraform", "bench"];

export interface CodeBlock {
  /** The document's path in the project. */
  readonly document: string;
  /** The number of the line that opens the block. */
  readonly line: number;
  /** As written after the opening fence: `sh`, `mermaid`. */
  readonly language: string;
  readonly code: string;
  /** The text since the previous heading or block. */
  readonly introduction: string;
}

/** The paths of all documents that people read, except the changelog. */
export function documents(): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      path.join(folder, name),
    ),
  );
  const isHidden = (name: string) => name.split(path.sep).some((part) => part.startsWith("."));
  const written = inFolders.filter((name) => name.endsWith(".md") && !isHidden(name));
  return ["README.md", "CONTRIBUTING.md", ...written.sort()];
}

export function readDocument(document: string): string {
  return readFileSync(path.join(ROOT, document), "utf8");
}

/** The fenced blocks of a document, in order. */
export function codeBlocks(document: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { line: number; language: string; indent: string; lines: string[] } | undefined;
  let introduction: string[] = [];
  for (const [index, text] of readDocument(document).split("\n").entries()) {
    const [fence, indent = "", language = ""] = /^( *)```(\w*)/.exec(text) ?? [];
    if (open === undefined && fence !== undefined) {
      open = { line: index + 1, language, indent, lines: [] };
    } else if (open === undefined) {
      if (text.startsWith("#")) introduction = [];
      introduction.push(text);
    } else if (text === `${open.indent}\`\`\``) {
      const { line, lines } = open;
      const code = lines.map((each) => `${each.slice(open?.indent.length)}\n`).join("");
      blocks.push({ document, line, language: open.language, code, introduction: introduction.join("\n") });
      [open, introduction] = [undefined, []];
    } else {
      open.lines.push(text);
    }
  }
  return blocks;
}
