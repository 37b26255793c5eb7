/** Markdown tables of what drills found. */

export type Column<Row> = readonly [title: string, read: (row: Row) => string | number]

export function writeTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`
  const head = line(columns.map(([title]) => title)) + line(columns.map(() => '---'))
  return head + rows.map((row) => line(columns.map(([, read]) => read(row)))).join('')
}
