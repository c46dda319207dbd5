/** The words of the planning pages, fetched with them. */
/* -- the map and its tools -------------------------------------------------------------------------------------------- */
const tools = {
  'plan.tools': ['工具', 'Tools'],
  'plan.tool.select': ['选择', 'Select'],
  'plan.tool.split': ['分割', 'Split'],
  'plan.tool.merge': ['合并', 'Merge'],
  'plan.tool.edge': ['移边', 'Move edge'],
  'plan.tool.reshape': ['改边', 'Reshape'],
  'plan.tool.paint': ['涂刷', 'Paint'],
  'plan.tool.snap': ['吸附', 'Snap'],
  'plan.tool.lock': ['锁定', 'Lock'],
} as const satisfies Record<string, readonly [zh: string, en: string]>

/* -- the panels beside it --------------------------------------------------------------------------------------------- */
const panels = {} as const satisfies Record<string, readonly [zh: string, en: string]>

export const plan = { ...tools, ...panels } as const

export type PlanWord = keyof typeof plan
