/**
 * What MiniStack's CloudFormation refuses is left out of an emulated deployment; all else is the
 * same. This is the switch, and those who use it are CodeDeploy (`delivery`), the bus's archive and
 * schema (`offers-out`), saved queries (`queries`), and alarms with arithmetic where they are added
 * (`ingest-api`, `pricing`, `stock-processor`, `tables`).
 */

import type { Settings } from './settings/definitions';

export function unlessEmulated(settings: Settings, add: () => void): void {
  if (!settings.emulated) add();
}
