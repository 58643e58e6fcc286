/**
 * What MiniStack's CloudFormation refuses is left out of an emulated deployment; all else is the
 * same. Who uses this: CodeDeploy (`delivery`), the bus's archive and schema (`offers-out`), alarms
 * with arithmetic (`alarms`) and saved queries (`queries`).
 */

import type { Settings } from './settings';

export function unlessEmulated(settings: Settings, add: () => void): void {
  if (!settings.emulated) add();
}
