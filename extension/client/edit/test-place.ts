/** Where the tests of a file belong, and with which framework they are written, by the habits of the project. Pure. */

export interface ProjectFiles {
  /** Paths of the workspace folder with `/`, that look like tests. */
  readonly tests: readonly string[];
  /** Text of a file that says what the project depends on, such as package.json; empty when there is none. */
  readonly manifest: string;
}

export interface TestPlace {
  readonly path: string;
  /** Empty when nothing is known. */
  readonly framework: string;
}

interface Language {
  /** The tests of `name` with this extension, as glob and as names; the first is used when the project has none. */
  readonly names: readonly ((name: string, extension: string) => string)[];
  readonly glob: string;
  readonly manifest: string;
  /** What a manifest or test that has it is written with; the first that is found. */
  readonly frameworks: readonly (readonly [pattern: RegExp, name: string])[];
  readonly usual: string;
  /** Where tests go in a project that has none; empty for beside the code. */
  readonly folder: string;
}

const script: Language = {
  names: [(name, extension) => `${name}.test${extension}`, (name, extension) => `${name}.spec${extension}`],
  glob: '**/*.{test,spec}.{ts,tsx,js,jsx,mjs,cjs,mts,cts}',
  manifest: 'package.json',
  frameworks: [
    [/"vitest"/u, 'Vitest'],
    [/"jest"|"@jest\//u, 'Jest'],
    [/"mocha"/u, 'Mocha'],
    [/"ava"/u, 'AVA'],
    [/"jasmine"/u, 'Jasmine'],
    [/node --test|"node:test"/u, 'node:test'],
  ],
  usual: 'node:test',
  folder: '',
};

const languages: Readonly<Record<string, Language>> = {
  typescript: script,
  typescriptreact: script,
  javascript: script,
  javascriptreact: script,
  python: {
    names: [(name) => `test_${name}.py`, (name) => `${name}_test.py`],
    glob: '**/{test_*,*_test}.py',
    manifest: '{pyproject.toml,requirements*.txt,setup.cfg,tox.ini,Pipfile}',
    frameworks: [
      [/pytest/u, 'pytest'],
      [/unittest/u, 'unittest'],
    ],
    usual: 'pytest',
    folder: 'tests',
  },
  go: {
    names: [(name) => `${name}_test.go`],
    glob: '**/*_test.go',
    manifest: 'go.mod',
    frameworks: [[/stretchr\/testify/u, 'testing with testify']],
    usual: 'testing',
    folder: '',
  },
  java: {
    names: [(name) => `${name}Test.java`, (name) => `${name}Tests.java`],
    glob: '**/*{Test,Tests}.java',
    manifest: '{pom.xml,build.gradle,build.gradle.kts}',
    frameworks: [
      [/junit-jupiter|org\.junit\.jupiter/u, 'JUnit 5'],
      [/junit/u, 'JUnit 4'],
      [/testng/u, 'TestNG'],
    ],
    usual: 'JUnit 5',
    folder: 'src/test/java',
  },
  csharp: {
    names: [(name) => `${name}Tests.cs`, (name) => `${name}Test.cs`],
    glob: '**/*{Test,Tests}.cs',
    manifest: '**/*.csproj',
    frameworks: [
      [/xunit/iu, 'xUnit'],
      [/nunit/iu, 'NUnit'],
      [/mstest/iu, 'MSTest'],
    ],
    usual: 'xUnit',
    folder: '',
  },
  cpp: {
    names: [(name, extension) => `${name}_test${extension}`, (name, extension) => `test_${name}${extension}`],
    glob: '**/{test_*,*_test}.{cc,cpp,cxx}',
    manifest: '{CMakeLists.txt,conanfile.txt,vcpkg.json}',
    frameworks: [
      [/gtest|googletest/iu, 'GoogleTest'],
      [/catch2/iu, 'Catch2'],
      [/doctest/iu, 'doctest'],
    ],
    usual: 'GoogleTest',
    folder: 'tests',
  },
  rust: {
    names: [(name) => `${name}.rs`],
    glob: 'tests/**/*.rs',
    manifest: 'Cargo.toml',
    frameworks: [],
    usual: 'the test harness of Rust',
    folder: 'tests',
  },
  ruby: {
    names: [(name) => `${name}_spec.rb`, (name) => `${name}_test.rb`],
    glob: '**/*_{spec,test}.rb',
    manifest: 'Gemfile',
    frameworks: [
      [/rspec/u, 'RSpec'],
      [/minitest/u, 'Minitest'],
    ],
    usual: 'RSpec',
    folder: 'spec',
  },
  php: {
    names: [(name) => `${name}Test.php`],
    glob: '**/*Test.php',
    manifest: 'composer.json',
    frameworks: [
      [/pestphp/u, 'Pest'],
      [/phpunit/u, 'PHPUnit'],
    ],
    usual: 'PHPUnit',
    folder: 'tests',
  },
};

/** The files to look at; undefined for a language whose habits are not known. */
export function testGlobs(languageId: string): { readonly tests: string; readonly manifest: string } | undefined {
  const language = languages[languageId];
  return language === undefined ? undefined : { tests: language.glob, manifest: language.manifest };
}

/** `path` is the code's, in the workspace folder. `sample` is the text of one test of the project. */
export function testPlace(
  path: string,
  languageId: string,
  { tests, manifest }: ProjectFiles,
  sample = '',
): TestPlace | undefined {
  const language = languages[languageId];
  if (language === undefined) return undefined;
  const [folder, file] = split(path);
  const dot = file.lastIndexOf('.');
  const [name, extension] = dot > 0 ? [file.slice(0, dot), file.slice(dot)] : [file, ''];
  const wanted = language.names.map((of) => of(name, extension));
  const framework =
    language.frameworks.find(([pattern]) => pattern.test(manifest))?.[1] ??
    language.frameworks.find(([pattern]) => pattern.test(sample))?.[1] ??
    language.usual;
  const existing = tests.filter((test) => wanted.includes(split(test)[1]));
  const own = nearest(existing, folder);
  if (own !== undefined) return { path: own, framework };
  const sibling = nearest(tests, folder);
  if (sibling === undefined) return { path: join(language.folder || folder, wanted[0] ?? file), framework };
  return { path: join(...likeSibling(sibling, { folder, wanted, language })), framework };
}

/** The folder and the name that follow what a test of the project does. */
function likeSibling(
  sibling: string,
  { folder, wanted, language }: { folder: string; wanted: readonly string[]; language: Language },
): [string, string] {
  const [testFolder, testName] = split(sibling);
  // A name's form is recognised by what it makes of a name that no file has.
  const form = language.names.findIndex((of) => {
    const [before = '', after = ''] = of('\0', '').split('\0');
    return testName.startsWith(before) && testName.slice(before.length).includes(after);
  });
  const name = wanted[Math.max(form, 0)] ?? testName;
  const parts = testFolder.split('/');
  const isApart = parts.some((part) => /^(?:tests?|specs?|__tests__)$/iu.test(part));
  if (!isApart) return [folder, name];
  if (parts.includes('__tests__')) return [join(folder, '__tests__'), name];
  return [testFolder, name];
}

/** The one that shares the most folders with `folder`. */
function nearest(paths: readonly string[], folder: string): string | undefined {
  const wanted = folder.split('/');
  const shared = (path: string): number => {
    const parts = split(path)[0].split('/');
    const end = wanted.findIndex((part, index) => part !== parts[index]);
    return end < 0 ? wanted.length : end;
  };
  return [...paths].sort((a, b) => shared(b) - shared(a) || a.length - b.length)[0];
}

function split(path: string): [string, string] {
  const slash = path.lastIndexOf('/');
  return [slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1)];
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}
