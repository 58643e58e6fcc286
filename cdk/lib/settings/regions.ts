/** Regions: known ones, in which everything that is used exists. */

import { RegionInfo } from 'aws-cdk-lib/region-info';

/** Partitions without Cognito user pools. Source: "AWS services by region", partitions. */
const WITHOUT_COGNITO = ['aws-cn', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f'];

/** What speaks against a region; `undefined` where nothing does. */
export function regionProblem(region: string): string | undefined {
  const info = RegionInfo.regions.find(({ name }) => name === region);
  const advice =
    `see what a region has: aws ssm get-parameters-by-path --path ` +
    `/aws/service/global-infrastructure/regions/${region}/services --query Parameters[].Value`;
  if (info === undefined) {
    return `region is "${region}", which CDK does not know; expected for example eu-central-1; ${advice}`;
  }
  if (WITHOUT_COGNITO.includes(info.partition ?? '')) {
    return (
      `region is "${region}", of the partition ${info.partition ?? ''}, which has no Cognito user ` +
      `pools; expected for example eu-central-1; ${advice}`
    );
  }
  return undefined;
}
