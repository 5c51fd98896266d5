/** Which tree-sitter grammar reads which language. */
import { extname } from 'node:path';

/** Names of files in dist/grammars, without `tree-sitter-` and `.wasm`. */
const grammarOf: Readonly<Record<string, string>> = {
  c: 'cpp',
  cpp: 'cpp',
  csharp: 'c-sharp',
  css: 'css',
  'cuda-cpp': 'cpp',
  go: 'go',
  java: 'java',
  javascript: 'javascript',
  javascriptreact: 'javascript',
  php: 'php',
  powershell: 'powershell',
  python: 'python',
  ruby: 'ruby',
  rust: 'rust',
  shellscript: 'bash',
  typescript: 'typescript',
  typescriptreact: 'tsx',
};

const languageOfExtension: Readonly<Record<string, string>> = {
  bash: 'shellscript',
  c: 'c',
  cc: 'cpp',
  cjs: 'javascript',
  cpp: 'cpp',
  cs: 'csharp',
  css: 'css',
  cts: 'typescript',
  cxx: 'cpp',
  go: 'go',
  h: 'cpp',
  hpp: 'cpp',
  html: 'html',
  java: 'java',
  js: 'javascript',
  json: 'json',
  jsx: 'javascriptreact',
  md: 'markdown',
  mjs: 'javascript',
  mts: 'typescript',
  php: 'php',
  ps1: 'powershell',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'shellscript',
  ts: 'typescript',
  tsx: 'typescriptreact',
  yaml: 'yaml',
  yml: 'yaml',
};

/** All grammars that are shipped. */
export const grammars: readonly string[] = [...new Set(Object.values(grammarOf))];

/** Undefined when no grammar knows the language: nothing is checked then. */
export function grammarFor(languageId: string): string | undefined {
  return Object.hasOwn(grammarOf, languageId) ? grammarOf[languageId] : undefined;
}

/** VS Code's id of a file's language, for the terminal; `plaintext` when it is not known. */
export function languageOf(path: string): string {
  const extension = extname(path).slice(1).toLowerCase();
  return (Object.hasOwn(languageOfExtension, extension) ? languageOfExtension[extension] : undefined) ?? 'plaintext';
}
