/** What `cdk destroy` does with what is kept. */

import { RemovalPolicy } from 'aws-cdk-lib';
import type { Settings } from './settings';

export function removalPolicy(settings: Settings): RemovalPolicy {
  return settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
