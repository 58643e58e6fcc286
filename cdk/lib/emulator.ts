/**
 * Resources that MiniStack's CloudFormation refuses, and that an emulated deployment omits:
 *
 * - CodeDeploy (`delivery`),
 * - archive and schema of the bus (`offer-events`),
 * - saved queries (`saved-queries`),
 * - alarms with metric math (`ingest-api`, `pricing`, `stock-processor`, `tables`).
 */

import type { Settings } from './settings/definitions';

/** Calls `add` unless the deployment is emulated. */
export function unlessEmulated(settings: Settings, add: () => void): void {
  if (!settings.emulated) add();
}
