/** The planning pages' own words and look; whatever of them is opened first brings both. */
import { addWords } from '../../i18n'
import { plan } from '../../i18n/plan'
import '../../theme/plan.css'

addWords(plan)
