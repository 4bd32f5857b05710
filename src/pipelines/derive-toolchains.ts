/** One directory of a repository, as the detectors below see it. */
export interface Directory {
  /** `''` for the root, else without slashes at its ends. */
  path: string;
  /** Names of files directly in it. */
  files: Set<string>;
  /** Paths of all files below it, from it. */
  below: string[];
  read(name: string): Promise<string | undefined>;
}

/** How one part of a repository is tested, and what told so. */
export interface Toolchain {
  /** Short name of the job: `node`, `python`. */
  name: string;
  /** File that gave it away, from the directory. */
  evidence: string;
  /** What was found and what follows, one sentence. */
  why: string;
  /** Container image with the tools. */
  image: string;
  commands: { name: string; run: string }[];
  /** What to keep between runs: the file whose content names the copy, and the directories. */
  cache?: { file: string; paths: string[] } | undefined;
  /** Directory where the tests leave JUnit files. */
  results?: string | undefined;
}

type Detector = (directory: Directory) => Promise<Toolchain | undefined>;

/** In order of preference; every one that fits is used. */
export const detectors: Detector[] = [node, python, go, rust, java, ruby, php, dotnet, elixir];

const venv = '. .venv/bin/activate';

async function node(directory: Directory): Promise<Toolchain | undefined> {
  const text = await fileText(directory, 'package.json');
  if (text === undefined) return undefined;
  const manifest = parseObject(text);
  const scripts = objectAt(manifest, 'scripts');
  const test =
    typeof scripts.test === 'string' && !scripts.test.includes('no test specified') ? scripts.test : undefined;
  const manager = packageManager(directory);
  const commands = [{ name: 'Install dependencies', run: manager.install }];
  if (typeof scripts.build === 'string') commands.push({ name: 'Build', run: `${manager.command} run build` });
  if (test !== undefined) commands.push({ name: 'Test', run: `${manager.command} test` });
  const version = nodeVersion(
    manifest,
    (await fileText(directory, '.nvmrc')) ?? (await fileText(directory, '.node-version')),
  );
  return {
    name: 'node',
    evidence: 'package.json',
    why:
      test === undefined
        ? `package.json has no "test" script: dependencies are installed with "${manager.install}"${scripts.build ? ' and it is built' : ''}, nothing is tested`
        : `package.json has a "test" script: "${manager.install}", then "${manager.command} test"`,
    image: `node:${version}`,
    commands,
    cache: manager.lock === undefined ? undefined : { file: manager.lock, paths: [manager.cache] },
  };
}

function packageManager(directory: Directory): { command: string; install: string; lock?: string; cache: string } {
  const { files } = directory;
  if (files.has('pnpm-lock.yaml')) {
    return {
      command: 'pnpm',
      install: 'corepack enable && pnpm install --frozen-lockfile',
      lock: 'pnpm-lock.yaml',
      cache: '~/.local/share/pnpm/store',
    };
  }
  if (files.has('yarn.lock')) {
    return {
      command: 'yarn',
      install: 'corepack enable && yarn install --frozen-lockfile',
      lock: 'yarn.lock',
      cache: '~/.cache/yarn',
    };
  }
  for (const lock of ['package-lock.json', 'npm-shrinkwrap.json']) {
    if (files.has(lock)) return { command: 'npm', install: 'npm ci', lock, cache: '~/.npm' };
  }
  return { command: 'npm', install: 'npm install', cache: '~/.npm' };
}

function nodeVersion(manifest: Record<string, unknown>, pinned: string | undefined): string {
  const wanted = pinned ?? objectAt(manifest, 'engines').node;
  const major = typeof wanted === 'string' ? /(\d+)/.exec(wanted)?.[1] : undefined;
  return major ?? 'lts';
}

async function python(directory: Directory): Promise<Toolchain | undefined> {
  const { files, below } = directory;
  const evidence = ['manage.py', 'pyproject.toml', 'setup.py', 'requirements.txt', 'Pipfile', 'tox.ini'].find((name) =>
    files.has(name),
  );
  if (evidence === undefined) return undefined;
  const requirements = [
    'requirements.txt',
    'requirements-dev.txt',
    'requirements-test.txt',
    'requirements/test.txt',
    'requirements/dev.txt',
  ].filter((name) => files.has(name) || below.includes(name));
  const texts = await Promise.all(
    ['pyproject.toml', 'setup.cfg', 'tox.ini', ...requirements].map(async (name) => (await directory.read(name)) ?? ''),
  );
  const usesPytest =
    files.has('pytest.ini') || files.has('conftest.py') || texts.some((text) => /\bpytest\b/.test(text));
  const hasTests = below.some((path) => /(?:^|\/)(?:test_[^/]*|[^/]*_test|tests)\.py$/.test(path));
  const install = pythonInstall(files, requirements);
  const test = pythonTest(files, usesPytest, hasTests);
  return {
    name: 'python',
    evidence,
    why: test
      ? `${evidence} is a ${files.has('manage.py') ? 'Django' : 'Python'} project: tested with "${test.command}"`
      : `${evidence} is a Python project without tests that were found: only its installation is tried`,
    image: 'python:3',
    commands: [
      { name: 'Install dependencies', run: install },
      ...(test ? [{ name: 'Test', run: `${venv}\n${test.prepare ?? ''}${test.command}` }] : []),
    ],
    cache: requirements[0] === undefined ? undefined : { file: requirements[0], paths: ['~/.cache/pip'] },
    results: test?.results,
  };
}

/** Packages of the system stay visible in the environment, so that a machine without a package index can still run tests. */
function pythonInstall(files: Set<string>, requirements: string[]): string {
  const lines = ['python3 -m venv --system-site-packages .venv', venv];
  if (requirements.length > 0) lines.push(`pip install ${requirements.map((name) => `-r ${name}`).join(' ')}`);
  else if (files.has('Pipfile')) lines.push('pip install pipenv', 'pipenv install --system --dev');
  else if (files.has('pyproject.toml') || files.has('setup.py')) lines.push('pip install -e .');
  return lines.join('\n');
}

function pythonTest(
  files: Set<string>,
  usesPytest: boolean,
  hasTests: boolean,
): { command: string; prepare?: string; results?: string } | undefined {
  if (usesPytest) {
    return {
      command: 'python -m pytest --junitxml=test-results/pytest.xml',
      prepare: 'python -m pytest --version >/dev/null 2>&1 || pip install pytest\n',
      results: 'test-results',
    };
  }
  if (files.has('manage.py')) return { command: 'python manage.py test' };
  return hasTests ? { command: 'python -m unittest discover' } : undefined;
}

async function go(directory: Directory): Promise<Toolchain | undefined> {
  const text = await fileText(directory, 'go.mod');
  if (text === undefined) return undefined;
  const version = /^go (\d+\.\d+)/m.exec(text)?.[1];
  return {
    name: 'go',
    evidence: 'go.mod',
    why: 'go.mod is a Go module: tested with "go test ./..."',
    image: `golang:${version ?? '1'}`,
    commands: [
      { name: 'Vet', run: 'go vet ./...' },
      { name: 'Test', run: 'go test ./...' },
    ],
    cache: directory.files.has('go.sum') ? { file: 'go.sum', paths: ['~/go/pkg/mod'] } : undefined,
  };
}

async function rust(directory: Directory): Promise<Toolchain | undefined> {
  if (!directory.files.has('Cargo.toml')) return undefined;
  const locked = directory.files.has('Cargo.lock');
  return {
    name: 'rust',
    evidence: 'Cargo.toml',
    why: 'Cargo.toml is a Rust crate: tested with "cargo test"',
    image: 'rust:1',
    commands: [{ name: 'Test', run: `cargo test${locked ? ' --locked' : ''}` }],
    cache: locked ? { file: 'Cargo.lock', paths: ['~/.cargo/registry', 'target'] } : undefined,
  };
}

async function java(directory: Directory): Promise<Toolchain | undefined> {
  const { files } = directory;
  if (files.has('pom.xml')) {
    const maven = files.has('mvnw') ? './mvnw' : 'mvn';
    return {
      name: 'maven',
      evidence: 'pom.xml',
      why: `pom.xml is a Maven project: "${maven} -B verify"`,
      image: 'maven:3-eclipse-temurin-21',
      commands: [{ name: 'Verify', run: `${maven} -B verify` }],
      cache: { file: 'pom.xml', paths: ['~/.m2/repository'] },
      results: 'target/surefire-reports',
    };
  }
  const gradle = ['build.gradle', 'build.gradle.kts'].find((name) => files.has(name));
  if (gradle === undefined) return undefined;
  const command = files.has('gradlew') ? './gradlew' : 'gradle';
  return {
    name: 'gradle',
    evidence: gradle,
    why: `${gradle} is a Gradle project: "${command} check"`,
    image: 'gradle:jdk21',
    commands: [{ name: 'Check', run: `${command} check` }],
    cache: { file: gradle, paths: ['~/.gradle/caches'] },
    results: 'build/test-results',
  };
}

async function ruby(directory: Directory): Promise<Toolchain | undefined> {
  if (!directory.files.has('Gemfile')) return undefined;
  const rspec = directory.below.some((path) => /^spec\/.*_spec\.rb$/.test(path));
  const test = rspec ? 'bundle exec rspec' : 'bundle exec rake test';
  return {
    name: 'ruby',
    evidence: 'Gemfile',
    why: `Gemfile is a Ruby project: tested with "${test}"`,
    image: 'ruby:3',
    commands: [
      { name: 'Install dependencies', run: 'bundle config set --local path vendor/bundle\nbundle install' },
      { name: 'Test', run: test },
    ],
    cache: directory.files.has('Gemfile.lock') ? { file: 'Gemfile.lock', paths: ['vendor/bundle'] } : undefined,
  };
}

async function php(directory: Directory): Promise<Toolchain | undefined> {
  const text = await fileText(directory, 'composer.json');
  if (text === undefined) return undefined;
  const hasScript = objectAt(parseObject(text), 'scripts').test !== undefined;
  const test = hasScript
    ? 'composer test'
    : directory.below.some((path) => /Test\.php$/.test(path))
      ? 'vendor/bin/phpunit'
      : undefined;
  return {
    name: 'php',
    evidence: 'composer.json',
    why: `composer.json is a PHP project: ${test ? `tested with "${test}"` : 'no tests were found, only its installation is tried'}`,
    image: 'composer:2',
    commands: [
      { name: 'Install dependencies', run: 'composer install --no-interaction --prefer-dist' },
      ...(test ? [{ name: 'Test', run: test }] : []),
    ],
    cache: directory.files.has('composer.lock') ? { file: 'composer.lock', paths: ['vendor'] } : undefined,
  };
}

async function dotnet(directory: Directory): Promise<Toolchain | undefined> {
  const evidence = [...directory.files].find((name) => /\.(?:sln|slnx|csproj|fsproj)$/.test(name));
  if (evidence === undefined) return undefined;
  return {
    name: 'dotnet',
    evidence,
    why: `${evidence} is a .NET project: tested with "dotnet test"`,
    image: 'mcr.microsoft.com/dotnet/sdk:8.0',
    commands: [{ name: 'Test', run: 'dotnet test' }],
  };
}

async function elixir(directory: Directory): Promise<Toolchain | undefined> {
  if (!directory.files.has('mix.exs')) return undefined;
  return {
    name: 'elixir',
    evidence: 'mix.exs',
    why: 'mix.exs is an Elixir project: tested with "mix test"',
    image: 'elixir:1',
    commands: [
      { name: 'Install dependencies', run: 'mix local.hex --force\nmix local.rebar --force\nmix deps.get' },
      { name: 'Test', run: 'mix test' },
    ],
    cache: directory.files.has('mix.lock') ? { file: 'mix.lock', paths: ['deps'] } : undefined,
  };
}

/** `make test` where a Makefile has that target; used when nothing else was recognised. */
export async function make(directory: Directory): Promise<Toolchain | undefined> {
  const file = ['Makefile', 'makefile', 'GNUmakefile'].find((name) => directory.files.has(name));
  const text = file === undefined ? undefined : await directory.read(file);
  const target = text === undefined ? undefined : /^(test|check)\s*:(?!=)/m.exec(text)?.[1];
  if (file === undefined || target === undefined) return undefined;
  return {
    name: 'make',
    evidence: file,
    why: `${file} has a target "${target}": "make ${target}"`,
    image: 'buildpack-deps:stable',
    commands: [{ name: 'Test', run: `make ${target}` }],
  };
}

async function fileText(directory: Directory, name: string): Promise<string | undefined> {
  return directory.files.has(name) ? directory.read(name) : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function objectAt(value: Record<string, unknown>, key: string): Record<string, unknown> {
  const found = value[key];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
}
