/** Traffic shifts to a new version, by the values of the setting `trafficShift`. */

import { type ILambdaDeploymentConfig, LambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy';

export const TRAFFIC_SHIFTS = [
  'all-at-once',
  'canary-10-percent-5-minutes',
  'canary-10-percent-15-minutes',
  'linear-10-percent-every-minute',
  'linear-10-percent-every-3-minutes',
] as const;

export type TrafficShift = (typeof TRAFFIC_SHIFTS)[number];

export const CONFIGURATIONS: Readonly<Record<TrafficShift, ILambdaDeploymentConfig>> = {
  'all-at-once': LambdaDeploymentConfig.ALL_AT_ONCE,
  'canary-10-percent-5-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  'canary-10-percent-15-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  'linear-10-percent-every-minute': LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
  'linear-10-percent-every-3-minutes': LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_3MINUTES,
};
