/** Combinations of settings that `cdk/check` lints and deploys, beside the defaults. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SETTINGS } from '../../lib/settings/definitions';

/** Folder `cdk`. */
export const FOLDER = resolve(__dirname, '../../..');

export interface Combination {
  readonly settings: Record<string, unknown>;
  /** Reason why a deployment on the emulator would prove nothing. */
  readonly notDeployed?: string;
}

const DOMAIN = {
  domainName: SETTINGS.domainName.example,
  certificateArn: SETTINGS.certificateArn.example,
};

/** Combinations by the name of their stage. A stage has its own domain, which is unique. */
export const COMBINATIONS: Readonly<Record<string, Combination>> = {
  domain: {
    settings: {
      ...DOMAIN,
      architecture: 'x86_64',
      keepData: false,
      tillClients: 'north,south',
      corsOrigins: SETTINGS.corsOrigins.example,
    },
  },
  mutualtls: {
    settings: {
      ...DOMAIN,
      domainName: `tills.${DOMAIN.domainName}`,
      truststore: SETTINGS.truststore.example,
      truststoreVersion: SETTINGS.truststoreVersion.example,
      ownershipCertificateArn: SETTINGS.ownershipCertificateArn.example,
      streamMode: 'provisioned',
      streamShards: 4,
    },
  },
  largechain: { settings: settingsOfLargeChain() },
  loadruns: { settings: { loadImage: SETTINGS.loadImage.example, keepData: false } },
  tuning: { settings: { tuning: true, keepData: false } },
  pipeline: {
    settings: {
      region: 'eu-central-1',
      trafficShift: 'all-at-once',
      releaseCheck: false,
      pipelineRepository: SETTINGS.pipelineRepository.example,
      pipelineConnection: SETTINGS.pipelineConnection.example,
    },
    notDeployed: 'the emulator has neither CodePipeline nor CodeDeploy',
  },
};

/** Returns the settings for ten thousand stores that the documentation shows. */
export function settingsOfLargeChain(): Record<string, unknown> {
  const text = readFileSync(resolve(FOLDER, '../docs/deploy.md'), 'utf8');
  const [, json] = /\nA start for ten thousand stores:\n\n```json\n([^`]+)```/.exec(text) ?? [];
  if (json === undefined) throw new Error('docs/deploy.md: no settings for ten thousand stores');
  return JSON.parse(json) as Record<string, unknown>;
}
