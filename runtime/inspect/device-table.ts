// biome-ignore-all format: written by a program
/** Made of targets/device-classes.json by `npm run generate`. */
import type { ClassTable } from './device-class.js'

export type DeviceClass = 'apple' | 'nvidia' | 'amd' | 'intel' | 'adreno' | 'mali' | 'software' | 'unknown'

export type Tier = 'portable' | '32k' | 'large'

export const TABLE: ClassTable & { tiers: Record<Tier, ClassTable['tiers'][string]> } = {
 "tiers": {
  "portable": {
   "limits": {
    "maxStorageBuffersPerShaderStage": 8,
    "maxStorageBufferBindingSize": 134217728,
    "maxBufferSize": 268435456,
    "maxComputeWorkgroupStorageSize": 16384,
    "maxComputeInvocationsPerWorkgroup": 256,
    "maxComputeWorkgroupSizeX": 256,
    "maxComputeWorkgroupSizeY": 256,
    "maxComputeWorkgroupSizeZ": 64,
    "maxComputeWorkgroupsPerDimension": 65535,
    "maxUniformBufferBindingSize": 65536,
    "minStorageBufferOffsetAlignment": 256
   }
  },
  "32k": {
   "limits": {
    "maxStorageBuffersPerShaderStage": 8,
    "maxStorageBufferBindingSize": 268435456,
    "maxBufferSize": 268435456,
    "maxComputeWorkgroupStorageSize": 32768,
    "maxComputeInvocationsPerWorkgroup": 1024,
    "maxComputeWorkgroupSizeX": 1024,
    "maxComputeWorkgroupSizeY": 1024,
    "maxComputeWorkgroupSizeZ": 64,
    "maxComputeWorkgroupsPerDimension": 65535,
    "maxUniformBufferBindingSize": 65536,
    "minStorageBufferOffsetAlignment": 256
   }
  },
  "large": {
   "limits": {
    "maxStorageBuffersPerShaderStage": 8,
    "maxStorageBufferBindingSize": 536870912,
    "maxBufferSize": 1073741824,
    "maxComputeWorkgroupStorageSize": 32768,
    "maxComputeInvocationsPerWorkgroup": 1024,
    "maxComputeWorkgroupSizeX": 1024,
    "maxComputeWorkgroupSizeY": 1024,
    "maxComputeWorkgroupSizeZ": 64,
    "maxComputeWorkgroupsPerDimension": 65535,
    "maxUniformBufferBindingSize": 65536,
    "minStorageBufferOffsetAlignment": 256
   }
  }
 },
 "classes": {
  "apple": {
   "match": {
    "vendors": [
     "apple",
     "4203"
    ]
   }
  },
  "nvidia": {
   "match": {
    "vendors": [
     "nvidia",
     "4318"
    ]
   }
  },
  "amd": {
   "match": {
    "vendors": [
     "amd",
     "4098"
    ]
   }
  },
  "intel": {
   "match": {
    "vendors": [
     "intel",
     "32902"
    ]
   }
  },
  "adreno": {
   "match": {
    "vendors": [
     "qualcomm",
     "20803"
    ]
   }
  },
  "mali": {
   "match": {
    "vendors": [
     "arm",
     "5045"
    ]
   }
  },
  "software": {
   "match": {
    "vendors": [
     "google",
     "mesa",
     "microsoft"
    ],
    "architectures": [
     "swiftshader",
     "software",
     "warp"
    ]
   }
  },
  "unknown": {
   "match": {
    "vendors": []
   }
  }
 },
 "masked": [
  {
   "classes": [
    "apple"
   ],
   "limits": {
    "maxStorageBuffersPerShaderStage": [
     8,
     9
    ],
    "maxStorageBufferBindingSize": [
     1073741824,
     1073741824
    ],
    "maxComputeWorkgroupStorageSize": [
     32768,
     32768
    ]
   },
   "sure": true
  },
  {
   "classes": [
    "amd"
   ],
   "limits": {
    "maxStorageBufferBindingSize": [
     1073741824,
     1073741824
    ],
    "maxComputeWorkgroupStorageSize": [
     65536,
     65536
    ]
   },
   "sure": true
  },
  {
   "classes": [
    "intel",
    "nvidia"
   ],
   "limits": {
    "maxStorageBufferBindingSize": [
     536870912,
     536870912
    ],
    "maxComputeWorkgroupStorageSize": [
     32768,
     32768
    ]
   }
  },
  {
   "classes": [
    "amd"
   ],
   "limits": {
    "maxStorageBuffersPerShaderStage": [
     16,
     16
    ],
    "maxStorageBufferBindingSize": [
     1073741824,
     1073741824
    ],
    "maxComputeWorkgroupStorageSize": [
     32768,
     32768
    ]
   }
  },
  {
   "classes": [
    "nvidia",
    "amd"
   ],
   "limits": {
    "maxStorageBufferBindingSize": [
     1073741824,
     1073741824
    ],
    "maxComputeWorkgroupStorageSize": [
     49152,
     49152
    ]
   }
  }
 ]
}
