/** The words of an edition whose grids overlap or leave gaps: what would be mended before a plan is opened on it. */
export const planMend = {
  'plans.mend.title': ['先修补 {edition} 版的边界', 'First mend the borders of {edition}'],
  'plans.mend.lead': [
    '这一版的网格有缝隙或重叠，不能直接编制。下面是修补办法：现行网格不变，方案从修补后的边界开始，以后在此版上新建的方案也一样。',
    'The grids of this edition overlap or leave gaps. They would be mended as listed: what is in force stays as it is, this plan and every later one of the edition start from the mended borders.',
  ],
  'plans.mend.cannot': ['这一版无法自动修补', 'This edition cannot be mended by itself'],
  'plans.mend.cannot.lead': [
    '下面的地方太宽，不是碎缝：请在原文件中改正后重新导入，或放宽缝隙宽度再看。',
    'These places are too wide for slivers: put them right in the file and import it again, or allow wider slivers and look again.',
  ],
  'plans.mend.accept': [
    '同意这 {n} 处修补（{m2}），记在我的名下',
    'I agree to {n|this|these} {n} {n|repair|repairs} ({m2}); it is noted under my post',
  ],
  'plans.repairs.unlisted': [
    '下面列出最大的 {n} 处，另有 {more} 处更小的一并修补',
    'The largest {n} {n|is|are} listed; {more} smaller {more|one is|ones are} mended with them',
  ],
  'plans.mend.make': ['修补并新建', 'Mend and make it'],
  'plans.mend.look': ['修补并查看文件', 'Mend and look at the file'],
  'plans.mended.alone': [
    '原版本的边界有缝隙或重叠，已先修补：仅修补即调整 {m2}，涉及 {n} 个网格、{b} 栋、{h} 户，不计入下面各项。',
    'The borders of the base edition were mended first: that alone moves {m2} among {n} {n|grid|grids}, with {b} {b|building|buildings} and {h} {h|household|households}, none of which is counted below.',
  ],
  'plans.mend.looking': ['正在查看…', 'Looking…'],
} as const
