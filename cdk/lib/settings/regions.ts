/** Regions with every service that the stack uses. */

import { RegionInfo } from 'aws-cdk-lib/region-info';

/** Partitions without Cognito user pools. Source: "AWS services by region", partitions. */
const WITHOUT_COGNITO = ['aws-cn', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f'];

/** Returns the reason for refusing a region, or `undefined` if the stack can be deployed there. */
export function regionProblem(region: string): string | undefined {
  const info = RegionInfo.regions.find(({ name }) => name === region);
  const partition = info?.partition ?? '';
  if (info !== undefined && !WITHOUT_COGNITO.includes(partition)) return undefined;
  const reason =
    info === undefined
      ? 'which CDK does not know'
      : `of the partition ${partition}, which has no Cognito user pools`;
  return (
    `region is "${region}", ${reason}; expected for example eu-central-1; list the services of a ` +
    'region with: aws ssm get-parameters-by-path --path ' +
    `/aws/service/global-infrastructure/regions/${region}/services --query Parameters[].Value`
  );
}
