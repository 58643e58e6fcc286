/** Rules between settings. */

import { regionProblem } from './regions';
import type { Settings } from './definitions';

/** What contradicts; `region` is the one that is deployed to, where that is known. */
export function conflictsIn(settings: Settings, region: string | undefined): string[] {
  const { streamMode, streamShards, retentionHours, batchAgeSeconds } = settings;
  const { domainName, certificateArn, truststore, truststoreVersion, tillClients } = settings;
  const { pipelineRepository, pipelineConnection } = settings;
  const faults: string[] = [];
  if ((pipelineRepository === undefined) !== (pipelineConnection === undefined)) {
    faults.push('pipelineRepository and pipelineConnection belong together; give both or neither');
  }
  const regionFault = region === undefined ? undefined : regionProblem(region);
  if (regionFault !== undefined) faults.push(regionFault);
  if (streamMode === 'provisioned' && streamShards === undefined) {
    faults.push('streamMode is "provisioned" without streamShards; add for example streamShards=2');
  }
  if (streamMode === 'on-demand' && streamShards !== undefined) {
    faults.push(
      `streamShards is ${streamShards}, but streamMode is "on-demand", which has no fixed shards; ` +
        'leave streamShards out, or set streamMode=provisioned',
    );
  }
  if (batchAgeSeconds >= retentionHours * 3_600) {
    faults.push(
      `batchAgeSeconds is ${batchAgeSeconds}, but after retentionHours=${retentionHours} the ` +
        'stream forgets a batch before it can be put aside; set batchAgeSeconds below ' +
        String(retentionHours * 3_600),
    );
  }
  if ((domainName === undefined) !== (certificateArn === undefined)) {
    faults.push('domainName and certificateArn belong together; give both or neither');
  }
  for (const name of ['certificateArn', 'ownershipCertificateArn'] as const) {
    const [, , , of] = settings[name]?.split(':') ?? [];
    if (region === undefined || of === undefined || region === of) continue;
    faults.push(
      `${name} is of ${of}, but region is "${region}"; API Gateway takes ` +
        `certificates of its own region: ask for one in ${region}, or set region=${of}`,
    );
  }
  if (settings.ownershipCertificateArn !== undefined && truststore === undefined) {
    faults.push(
      'ownershipCertificateArn is given without truststore; only mutual TLS asks for it: give ' +
        'both, or leave it out',
    );
  }
  if (truststore !== undefined && domainName === undefined) {
    faults.push(
      'truststore is given without domainName; API Gateway asks for client certificates only at ' +
        'a domain of yours: give domainName and certificateArn as well',
    );
  }
  if (truststoreVersion !== undefined && truststore === undefined) {
    faults.push('truststoreVersion is given without truststore; give both, or leave it out');
  }
  if (tillClients.length === 0) {
    faults.push(
      'tillClients is empty; nobody could send events: give for example tillClients=tills',
    );
  }
  return faults;
}
