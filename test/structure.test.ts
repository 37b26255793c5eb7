/** Style rules that a machine can check. Each failure says where, and what to do instead. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const ROOMS = ['src', 'routers', 'adapters', 'devnet', 'test']
const LINES_PER_FILE_MAX = 300
const LINES_PER_FUNCTION_MAX = 70
const PARAMETERS_MAX = 3
const PORT_MEMBERS_MAX = 7

/** The assembly: the only product files that see every room. */
const ASSEMBLY = /^src\/(main\.ts|assembly\/)/
const BASE = ['src/ports/', 'src/errors.ts', 'src/units.ts']

/** Files and functions that may be longer, each with its reason. */
const LONGER: Readonly<Record<string, string>> = {}

/** Which prefixes a file may import. The first row that matches the file decides. */
const MAY_IMPORT: readonly (readonly [file: RegExp, targets: readonly string[]])[] = [
  [/^test\//, ['src/', 'routers/', 'adapters/', 'devnet/', 'test/']],
  [/^routers\//, ['routers/', ...BASE]],
  [/^devnet\//, ['devnet/', ...BASE]],
  [/^adapters\/miners\//, ['adapters/miners/', ...BASE]],
  [/^adapters\/(\w+)\//, ['adapters/$1/', ...BASE]],
  [/^src\/(ports\/|errors\.ts|units\.ts)/, BASE],
  [/^src\/http\//, ['src/']],
  [/^src\/cli\//, ['src/']],
  // Nouns and verbs never reach up into the face.
  [
    /^src\/(?!http)/,
    [
      'src/ports/',
      'src/errors.ts',
      'src/units.ts',
      'src/config.ts',
      'src/config/',
      'src/inference/',
      'src/pipeline/',
      'src/billing/',
      'src/fleet/',
      'src/network/',
      'src/backup/',
    ],
  ],
]

/** The rooms that may import a package. A package not named here may be imported by tests only. */
const PACKAGE_ROOM: Readonly<Record<string, RegExp>> = {
  hono: /^src\/http\//,
  '@hono/node-server': /^src\/http\//,
  ajv: /^src\/http\//,
  yaml: /^src\/http\//,
  busboy: /^src\/http\//,
  commander: /^src\/cli\//,
  pino: /^adapters\/telemetry\//,
  'prom-client': /^adapters\/telemetry\//,
  undici: /^(adapters\/miners|devnet\/miners|src\/cli)\//,
  bullmq: /^adapters\/queue\//,
  ioredis: /^adapters\/queue\//,
  pg: /^adapters\/(store|queue)\//,
  '@electric-sql/pglite': /^adapters\/store\//,
  '@polkadot/api': /^(adapters\/(chain|keys)|devnet)\//,
  '@polkadot/api-base': /^(adapters\/(chain|keys)|devnet)\//,
  '@polkadot/types': /^(adapters\/(chain|keys)|devnet)\//,
  '@polkadot/util-crypto': /^(adapters\/(chain|keys)|devnet)\//,
  '@polkadot/util': /^(adapters\/(chain|keys)|devnet)\//,
  '@polkadot/wasm-crypto': /^(adapters\/keys|devnet)\//,
  '@scure/sr25519': /^(adapters\/keys|devnet)\//,
  ws: /^devnet\//,
  'onnxruntime-node': /^(routers|devnet)\//,
  'onnxruntime-common': /^(routers|devnet)\//,
  'tesseract.js': /^devnet\/experts\//,
  '@resvg/resvg-js': /^devnet\/experts\//,
  sharp: /^(adapters\/media|devnet\/experts)\//,
  'gpt-tokenizer': /^adapters\/tokens\//,
  mediabunny: /^adapters\/media\//,
  'opus-decoder': /^adapters\/media\//,
  'mpg123-decoder': /^adapters\/media\//,
  '@wasm-audio-decoders': /^adapters\/media\//,
  zod: /./,
  'node:': /./,
}

/** Text that may not appear, outside the files named, and what to use instead. */
const BANNED = [
  { text: 'process' + '.env', except: ['src/config.ts'], use: 'src/config.ts' },
  { text: 'console' + '.log', except: [], use: 'the logger, or process.stdout.write in a command' },
  { text: 'FIX' + 'ME', except: [], use: 'an issue, or mend it now' },
  { text: 'TO' + 'DO', except: [], use: 'an issue, or do it now' },
  { text: '@ts-' + 'ignore', except: [], use: 'a type' },
] as const

const files = ROOMS.flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(room, name)),
)

it.each(files)('%s', (file) => {
  expect(problems(file, readFileSync(join(ROOT, file), 'utf8'))).toEqual([])
})

it.each([
  ['src/billing/x.ts', "import '../../adapters/miners/demo.ts'", 'imports adapters/miners/demo.ts'],
  ['src/billing/x.ts', "import '../http/app.ts'", 'imports src/http/app.ts'],
  ['routers/gate/x.ts', "import '../../src/billing/purse.ts'", 'imports src/billing/purse.ts'],
  ['src/ports/x.ts', "import '../network/choose.ts'", 'imports src/network/choose.ts'],
  ['adapters/a/x.ts', "import '../b/y.ts'", 'imports adapters/b/y.ts'],
  ['adapters/a/x.ts', "import '../../src/inference/complete.ts'", 'imports src/inference/complete.ts'],
  ['src/billing/x.ts', "import { Hono } from 'hono'", 'imports hono outside its room'],
  ['routers/gate/x.ts', "import { Queue } from 'bullmq'", 'imports bullmq outside its room'],
  ['src/billing/x.ts', `const a = process${'.env'}.A`, `process${'.env'} is banned, use src/config.ts`],
  ['src/billing/x.ts', `function f() {\n${'  g()\n'.repeat(70)}}`, 'f has 72 lines, at most 70'],
  ['src/billing/x.ts', 'const f = (a: 1, b: 2, c: 3, d: 4) => a', 'f has 4 parameters, at most 3'],
  [
    'src/ports/x.ts',
    'interface P { a(): 1; b(): 1; c(): 1; d(): 1; e(): 1; f(): 1; g(): 1; h(): 1 }',
    'P has 8 members, at most 7',
  ],
])('%s: catches %j', (file, text, expected) => {
  expect(problems(file, text)).toEqual([expected])
})

function problems(file: string, text: string): string[] {
  return [...importProblems(file, text), ...textProblems(file, text), ...sizeProblems(file, text)]
}

function importProblems(file: string, text: string): string[] {
  if (ASSEMBLY.test(file)) return []
  const rule = MAY_IMPORT.find(([pattern]) => pattern.test(file))
  if (!rule) return [`${file} is in no room`]
  const [pattern, targets] = rule
  const folder = pattern.exec(file)?.[1] ?? ''
  const found: string[] = []
  for (const from of listImports(file, text)) {
    if (from.startsWith('.')) {
      const target = relative(ROOT, join(ROOT, dirname(file), from))
      const allowed = targets.some((prefix) => target.startsWith(prefix.replace('$1', folder)))
      if (!allowed) found.push(`imports ${target}`)
    } else if (!file.startsWith('test/')) {
      const name = Object.keys(PACKAGE_ROOM).find(
        (key) => from === key || from.startsWith(key.endsWith(':') ? key : `${key}/`),
      )
      if (!name || !PACKAGE_ROOM[name]?.test(file)) found.push(`imports ${from} outside its room`)
    }
  }
  return found
}

/** Everything a file imports, statically or at run time. */
function listImports(file: string, text: string): string[] {
  const found: string[] = []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const visit = (node: ts.Node): void => {
    const from =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined
    if (from && ts.isStringLiteralLike(from)) found.push(from.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function textProblems(file: string, text: string): string[] {
  const found: string[] = []
  for (const { text: banned, except, use } of BANNED) {
    const allowed =
      (except as readonly string[]).includes(file) ||
      (file.startsWith('test/') && /^(process|console)/.test(banned))
    if (text.includes(banned) && !allowed) found.push(`${banned} is banned, use ${use}`)
  }
  return found
}

function sizeProblems(file: string, text: string): string[] {
  if (file.startsWith('test/') || file in LONGER) return []
  const found: string[] = []
  const lineCount = text.split('\n').length
  if (lineCount > LINES_PER_FILE_MAX) found.push(`${lineCount} lines, at most ${LINES_PER_FILE_MAX}`)
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) found.push(...functionProblems(source, node))
    if (
      ts.isInterfaceDeclaration(node) &&
      file.startsWith('src/ports/') &&
      node.members.length > PORT_MEMBERS_MAX
    ) {
      found.push(`${node.name.text} has ${node.members.length} members, at most ${PORT_MEMBERS_MAX}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function functionProblems(source: ts.SourceFile, node: ts.SignatureDeclaration): string[] {
  const from = source.getLineAndCharacterOfPosition(node.getStart(source)).line
  const to = source.getLineAndCharacterOfPosition(node.getEnd()).line
  const parent = node.parent as ts.Node | undefined
  const name =
    node.name?.getText(source) ??
    (parent && (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent))
      ? parent.name.getText(source)
      : 'a function')
  const found: string[] = []
  if (to - from + 1 > LINES_PER_FUNCTION_MAX)
    found.push(`${name} has ${to - from + 1} lines, at most ${LINES_PER_FUNCTION_MAX}`)
  if (node.parameters.length > PARAMETERS_MAX)
    found.push(`${name} has ${node.parameters.length} parameters, at most ${PARAMETERS_MAX}`)
  return found
}
