/** A vitest reporter that ends the output with one plain line, `N passed, N failed`, for whoever reads logs by machine. */
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    const skipped: string[] = []
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'failed') failed += 1
        else skipped.push(test.fullName)
      }
      for (const suite of module.children.allSuites()) failed += suite.errors().length
    }
    // Vitest writes its own summary after this hook: wait for the very end.
    process.on('exit', () => {
      for (const name of skipped) process.stdout.write(`skipped: ${name}\n`)
      process.stdout.write(`${passed} passed, ${failed} failed\n`)
    })
  }
}
