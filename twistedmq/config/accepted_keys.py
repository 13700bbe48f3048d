"""Genuine keys that are known and checked, and on which nothing depends yet.

One key a line: its name, its type and its default, which may hold blanks or be missing.
"""

import os
from functools import partial
from typing import Any, Final

from twistedmq.config.keys import Effect, Key
from twistedmq.config.values import BOOLEAN, DOUBLE, INT, LONG, TEXT, Kind, name_of

_KINDS: Final[dict[str, Kind[Any]]] = {
    "String": TEXT,
    "boolean": BOOLEAN,
    "int": INT,
    "long": LONG,
    "double": DOUBLE,
    "MessageRequestMode": name_of("PULL", "POP"),
    "MetricsExporterType": name_of("DISABLE", "OTLP_GRPC", "PROM", "LOG"),
    "TieredStorageLevel": name_of("DISABLE", "NOT_IN_DISK", "NOT_IN_MEM", "FORCE"),
}


def _derived_defaults() -> dict[str, str]:
    """Defaults that upstream computes from the number of processors."""
    cpus = os.cpu_count() or 1
    return {
        "cpus": str(cpus),
        "min(cpus,4)": str(min(cpus, 4)),
        "min(32,cpus)": str(min(32, cpus)),
        "8+cpus": str(8 + cpus),
        "8+2*cpus": str(8 + 2 * cpus),
        "16+2*cpus": str(16 + 2 * cpus),
    }


def accepted_keys(table: str) -> tuple[Key, ...]:
    """Make the keys of one of the tables below."""
    derived = _derived_defaults()
    accepted = partial(Key, effect=Effect.ACCEPTED)
    keys = []
    for line in table.splitlines():
        name, kind_name, default = f"{line}  ".split(" ", 2)
        kind, text = _KINDS[kind_name], default.strip()
        if not text and kind is not TEXT:
            raise ValueError(f"{name} has no default")
        value = kind.parse(derived.get(text, text))
        shown = text if text in derived else None
        keys.append(accepted(name, kind, default=value, shown_default=shown))
    return tuple(keys)


BROKER_TABLE: Final = """\
accessMessageInMemoryHotRatio int 26
accountStatsEnable boolean true
accountStatsPrintZeroValues boolean true
ackMessageThreadPoolNums int 16
ackThreadPoolQueueCapacity int 100000
aclCacheExpiredSecond int 600
aclCacheMaxNum int 1000
aclCacheRefreshSecond int 60
adminBrokerThreadPoolNums int 16
adminBrokerThreadPoolQueueCapacity int 10000
allAckInSyncStateSet boolean false
allowRecallWhenBrokerNotWriteable boolean true
appendAckAsync boolean false
appendCkAsync boolean false
appendTopicForTimerDeleteKey boolean false
asyncLearner boolean false
asyncSendEnable boolean true
authConfigPath String
authenticationMetadataProvider String
authenticationProvider String
authenticationStrategy String
authenticationWhitelist String
authorizationMetadataProvider String
authorizationProvider String
authorizationStrategy String
authorizationWhitelist String
autoDeleteUnusedStats boolean true
autoMessageVersionOnTopicLen boolean true
batchDispatchRequestThreadPoolNums int 16
bitMapLengthConsumeQueueExt int 64
bottomMostCompressionTypeForConsumeQueueStore String zstd
broadcastOffsetExpireMaxSecond long 300
broadcastOffsetExpireSecond long 120
brokerConfigPath String
brokerContainerIP String
brokerElectionPriority int 2147483647
brokerFastFailureEnable boolean true
brokerIP2 String
cgColdReadThreshold long 3145728
channelNotActiveInterval long 60000
checkSyncStateSetPeriod long 5000
cleanFileForciblyEnable boolean true
cleanOfflineBrokerInterval int 30000
cleanResourceInterval int 10000
cleanRocksDBDirtyCQIntervalMin long 60
cleanSwapedMapInterval long 300000
clearRetryTopicWhenDeleteTopic boolean true
clientCallbackExecutorThreads int cpus
clientCloseSocketIfTimeout boolean true
clientManageThreadPoolNums int 32
clientManagerThreadPoolQueueCapacity int 1000000
clientOnewaySemaphoreValue int 65535
clientPooledByteBufAllocatorEnable boolean false
clientSocketRcvBufSize int 0
clientSocketSndBufSize int 0
clientWorkerThreads int 4
clusterName String
coldCtrStrategyEnable boolean false
coldDataFlowControlEnable boolean false
coldDataScanEnable boolean false
combineAssignOffsetCQType String default
combineCQEnableCheckSelf boolean false
combineCQLoadingCQTypes String default;defaultRocksDB
combineCQMaxExtraSearchCommitLogFiles int 3
combineCQPreferCQType String default
commercialBaseCount int 1
commercialSizePerMsg int 4096
commitCommitLogLeastPages int 4
commitCommitLogThoroughInterval int 200
commitIntervalCommitLog int 200
commitLogForceSwapMapInterval long 43200000
commitLogRecoverMaxNum int 10
commitLogRollingInterval int 24
commitLogRollingMinimumSize int 16777216
commitLogSwapMapInterval long 3600000
commitLogSwapMapReserveFileNum int 100
compactionCqMappedFileSize int 10485760
compactionMappedFileSize int 104857600
compactionScheduleInternal int 900000
compactionThreadNum int 6
compatibleWithOldNameSrv boolean true
configName String
consumerFallbehindThreshold long 17179869184
consumerManageThreadPoolNums int 32
consumerManagerThreadPoolQueueCapacity int 1000000
controllerAddr String
controllerHeartBeatTimeoutMills long 10000
correctLogicMinOffsetForceInterval int 300000
correctLogicMinOffsetSleepInterval int 1
dLegerGroup String
dLegerPeers String
dLegerSelfId String
dataReadAheadEnable boolean true
debugLockEnable boolean false
defaultMessageRequestMode MessageRequestMode PULL
defaultPopShareQueueNum int -1
defaultQueryMaxNum int 32
delayOffsetUpdateVersionStep long 200
deleteCommitLogFilesInterval int 100
deleteConsumeQueueFilesInterval int 100
deleteFileBatchMax int 10
deleteWhen String 04
destroyMapedFileIntervalForcibly int 120000
disableCallbackExecutor boolean false
disableConsumeIfConsumerReadSlowly boolean false
disableNettyWorkerGroup boolean false
disappearTimeAfterStart int -1
diskFallRecorded boolean true
diskMaxUsedSpaceRatio int 75
diskSpaceCleanForciblyRatio int 85
diskSpaceWarningLevelRatio int 90
dispatchCqCacheNum int 4096
dispatchCqThreads int 10
dispatchFromSenderThread boolean false
enableAcceleratedRecovery boolean false
enableAsyncReput boolean true
enableAutoInSyncReplicas boolean false
enableBatchPush boolean false
enableBroadcastOffsetStore boolean true
enableBuildConsumeQueueConcurrently boolean false
enableCalcFilterBitMap boolean false
enableCleanExpiredOffset boolean false
enableCompaction boolean true
enableConnectionMetrics boolean true
enableConsumeQueueExt boolean false
enableCreateSysGroup boolean true
enableDetailStat boolean true
enableFastChannelEventProcess boolean false
enableLagAndDlqMetrics boolean true
enableLmq boolean false
enableLmqStats boolean false
enableLogConsumeQueueRepeatedlyBuildWhenRecover boolean false
enableMessageStoreMetrics boolean true
enableMixedMessageType boolean false
enableMultiDispatch boolean false
enableNetWorkFlowControl boolean false
enableNotifyAfterPopOrderLockRelease boolean true
enableNotifyBeforePopCalculateLag boolean true
enablePopBatchAck boolean false
enablePopBufferMerge boolean false
enablePopLog boolean false
enablePopMessageThreshold boolean false
enablePopMetrics boolean true
enableReconnectForGoAway boolean true
enableRegisterProducer boolean true
enableRemotingMetrics boolean true
enableRequestMetrics boolean true
enableRetryTopicV2 boolean false
enableRocksDBLog boolean false
enableRunningFlagsInFlush boolean false
enableScheduleAsyncDeliver boolean false
enableScheduleMessageStats boolean true
enableShutdownGracefully boolean false
enableSkipLongAwaitingAck boolean false
enableSplitMetadata boolean true
enableSplitRegistration boolean false
enableStatsMetrics boolean true
enableTransactionMetrics boolean true
endTransactionPoolQueueCapacity int 100000
endTransactionThreadPoolNums int 8+2*cpus
estimateAccumulation boolean true
expectConsumerNumUseFilter int 32
fastFailIfNoBufferInStorePool boolean false
fetchControllerAddrByDnsLookup boolean false
fetchNameSrvAddrByDnsLookup boolean false
fetchNamesrvAddrInterval long 10000
fileReservedTime int 72
filterDataCleanTimeSpan long 86400000
filterSupportRetry boolean false
flushCommitLogLeastPages int 4
flushCommitLogThoroughInterval int 10000
flushCommitLogTimed boolean true
flushConsumeQueueLeastPages int 2
flushConsumeQueueThoroughInterval int 60000
flushConsumerOffsetHistoryInterval int 60000
flushDelayOffsetInterval long 10000
flushLeastPagesWhenWarmMapedFile int 4096
forceVerifyPropCRC boolean false
forwardTimeout long 3000
globalColdReadThreshold long 104857600
haFlowControlEnable boolean false
haHousekeepingInterval int 20000
haListenPort int 10912
haMasterAddress String
haMaxGapNotInSync int 268435456
haMaxTimeSlaveNotCatchup long 15000
haSendHeartbeatInterval int 5000
haTransferBatchSize int 32768
heartbeatThreadPoolNums int min(32,cpus)
heartbeatThreadPoolQueueCapacity int 50000
highSpeedMode boolean false
inSyncReplicas int 1
indexFileReadEnable boolean true
indexFileWriteEnable boolean true
initAuthenticationUser String
initPopOffsetByCheckMsgInMem boolean true
innerClientAuthenticationCredentials String
isBrokerContainer boolean false
isInBrokerContainer boolean false
isScanAvailableNameSrv boolean true
isolateLogEnable boolean false
litePullMessageThreadPoolNums int 16+2*cpus
litePullThreadPoolQueueCapacity int 100000
loadBalancePollNameServerInterval long 30000
loadBalanceProcessorThreadPoolNums int 32
loadBalanceThreadPoolQueueCapacity int 100000
lockInStrictMode boolean false
logicQueueForceSwapMapInterval long 43200000
logicQueueSwapMapInterval long 3600000
logicQueueSwapMapReserveFileNum int 20
logicalDiskSpaceCleanForciblyThreshold double 0.8
mappedFileSizeConsumeQueueExt int 50331648
mappedFileSizeTimerLog int 104857600
mappedFileSwapEnable boolean true
maxAsyncPutMessageRequests int 5000
maxBatchDeleteFilesNum int 50
maxChecksumRange long 1073741824
maxConsumeQueueScan int 20000
maxErrorRateOfBloomFilter int 20
maxHaTransferByteInSecond long 104857600
maxLmqConsumeQueueNum int 20000
maxOffsetMapSize int 104857600
maxPopPollingSize long 100000
maxReconnectIntervalTimeSeconds long 60
maxRecoveryCommitlogFiles int 30
maxRocksDBIndexQueryDays int 7
maxSlaveResendLength long 268435456
maxStatsIdleTimeInMinutes int -1
maxTopicLength int 127
memTableFlushIntervalMs long 3600000
messageDelayLevel String 1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h
messageIndexSafe boolean false
metricGrpcExporterIntervalInMills long 60000
metricGrpcExporterTimeOutInMills long 3000
metricLoggingExporterIntervalInMills long 10000
metricsExporterType MetricsExporterType DISABLE
metricsGrpcExporterHeader String
metricsGrpcExporterTarget String
metricsInDelta boolean false
metricsLabel String
metricsOtelCardinalityLimit int 50000
metricsPromExporterHost String
metricsPromExporterPort int 5557
minInSyncReplicas int 1
objectStoreAccessKey String
objectStoreBucket String
objectStoreEndpoint String
objectStoreSecretKey String
offsetCheckInSlave boolean false
osPageCacheBusyTimeOutMills long 1000
popCkMaxBufferSize int 200000
popCkOffsetMaxQueueSize int 20000
popCkStayBufferTime int 10000
popCkStayBufferTimeOut int 3000
popConsumerFSServiceInit boolean true
popConsumerKVServiceLog boolean false
popFromRetryProbability int 20
popFromRetryProbabilityForPriority int 0
popInflightMessageThreshold long 10000
popLongPollingForceNotifyInterval long 800
popPollingMapExpireTimeSeconds int 600
popPollingMapSize int 100000
popPollingSize int 1024
popResponseReturnActualRetryTopic boolean false
popReviveConcurrency int 32
popReviveMaxAttemptTimes int 16
popReviveMaxReturnSizePerRead int 16384
preferredLeaderId String
printChannelGroups boolean false
printChannelGroupsMinNum int 5
priorityOrderAsc boolean true
processReplyMessageThreadPoolNums int 16+2*cpus
pullBatchMaxMessageCount int 160
pullMessageThreadPoolNums int 16+2*cpus
pullThreadPoolQueueCapacity int 100000
putConsumeQueueDataByFileChannel boolean true
putMessageFutureThreadPoolNums int min(cpus,4)
putMessageTimeout int 8000
putMsgIndexHightWater int 600000
putThreadPoolQueueCapacity int 10000
queryMessageThreadPoolNums int 8+cpus
queryThreadPoolQueueCapacity int 20000
readAheadCacheEnable boolean true
readAheadCacheExpireDuration long 15000
readAheadCacheSizeThresholdRate double 0.3
readAheadMessageCountThreshold int 4096
readAheadMessageSizeThreshold int 16777216
readUnCommitted boolean false
realTimeNotifyConsumerChange boolean true
realTimePersistRocksDBConfig boolean true
recallMessageEnable boolean false
recheckReputOffsetFromCq boolean false
recordGetMessageResult boolean false
recoverConcurrently boolean false
recoverThreadPoolNums int 32
redeleteHangedFileInterval int 120000
rejectTransactionMessage boolean false
replicasPerDiskPartition int 1
replyThreadPoolQueueCapacity int 10000
retrieveMessageFromPopRetryTopicV1 boolean true
reviveAckWaitMs long 180000
reviveInterval long 1000
reviveMaxSlow long 3
reviveQueueNum int 8
reviveScanTime long 10000
rocketmqHome String
rocksdbCompressionType String lz4
rocksdbFlushWalFrequency int 1024
rocksdbWalFileRollingThreshold long 1073741824
sampleCountThreshold int 5000
sampleSteps int 32
scanAvailableNameSrv boolean true
scheduleAsyncDeliverMaxPendingLimit int 2000
scheduleAsyncDeliverMaxResendNum2Blocked int 3
searchBcqByCacheEnable boolean true
sendHeartbeatTimeoutMillis int 1000
sendMessageThreadPoolNums int min(cpus,4)
sendThreadPoolQueueCapacity int 10000
serverAsyncSemaphoreValue int 64
serverCallbackExecutorThreads int 0
serverLoadBalancerEnable boolean true
serverNettyWorkerGroupEnable boolean true
serverOnewaySemaphoreValue int 256
serverPooledByteBufAllocatorEnable boolean true
serverSelectorThreads int 3
serverWorkerThreads int 8
sharedByteBufferNum int 16
shutdownWaitTimeSeconds int 30
skipPreOnline boolean false
skipWhenCKRePutReachMaxTimes boolean false
slaveTimeout int 3000
spinLockCollisionRetreatOptimalDegree int 1000
splitMetadataSize int 2000
splitRegistrationSize int 800
startAcceptSendRequestTimeStamp long 0
statRocksDBCQIntervalSec long 10
statefulAuthenticationCacheExpiredSecond int 60
statefulAuthenticationCacheMaxNum int 10000
statefulAuthorizationCacheExpiredSecond int 60
statefulAuthorizationCacheMaxNum int 10000
storePathBrokerIdentity String
storePathDLedgerCommitLog String
storePathEpochFile String
storeReplyMessageEnable boolean true
syncBrokerMemberGroupPeriod int 1000
syncBrokerMetadataPeriod long 5000
syncControllerMetadataPeriod long 10000
syncFlushTimeout int 5000
syncFromLastFile boolean false
syncMasterFlushOffsetWhenStartup boolean false
tieredStorageLevel TieredStorageLevel NOT_IN_DISK
tieredStoreCommitLogMaxSize long 1073741824
tieredStoreConsumeQueueMaxSize long 104857600
tieredStoreCrcCheckEnable boolean false
tieredStoreDeleteFileEnable boolean true
tieredStoreDeleteFileInterval long 3600000
tieredStoreFilePath String
tieredStoreFileReservedTime int 72
tieredStoreGroupCommit boolean true
tieredStoreGroupCommitCount int 4096
tieredStoreGroupCommitSize int 4194304
tieredStoreGroupCommitTimeout int 30000
tieredStoreIndexFileMaxHashSlotNum int 5000000
tieredStoreIndexFileMaxIndexNum int 20000000
tieredStoreMaxGroupCommitCount int 10000
tieredStoreMaxPendingLimit int 10000
timerCheckMetricsWhen String 05
timerColdDataCheckIntervalMs int 60000
timerCongestNumEachSlot int 2147483647
timerEnableCheckMetrics boolean true
timerEnableDisruptor boolean false
timerEnableRetryUntilSuccess boolean false
timerFlushIntervalMs int 1000
timerGetMessageThreadNum int 3
timerInterceptDelayLevel boolean false
timerMaxDelaySec int 259200
timerMetricSmallThreshold int 1000000
timerPrecisionMs int 1000
timerProgressLogIntervalMs int 10000
timerPutMessageThreadNum int 3
timerRecallToTimeWheelEnable boolean true
timerRecallToTimelineEnable boolean true
timerRocksDBPrecisionMs long 1000
timerRocksDBRollIntervalHours int 1
timerRocksDBRollMaxTps double 8000.0
timerRocksDBRollRangeHours int 2
timerRocksDBStopScan boolean false
timerRocksDBTimeExpiredMaxTps double 200000.0
timerRollWindowSlot int 172800
timerSkipUnknownError boolean false
timerStopDequeue boolean false
timerStopEnqueue boolean false
timerWarmEnable boolean false
timerWheelEnable boolean true
timerWheelSnapshotFlush boolean false
timerWheelSnapshotIntervalMs int 10000
topicQueueLockNum int 32
totalReplicas int 1
transWriteOriginTransHalfEnable boolean true
transactionCheckInterval long 30000
transactionCheckMax int 15
transactionMetricFlushInterval long 10000
transactionOpBatchInterval int 3000
transactionOpMsgMaxSize int 4096
transactionTimeOut long 6000
transferMsgByHeap boolean true
transientStorePoolEnable boolean false
transientStorePoolSize int 5
travelCqFileNumWhenGetMessage int 1
updateNameServerAddrPeriod int 120000
updateNamesrvAddrInterval long 120000
useABSLock boolean false
useEpollNativeSelector boolean false
usePIDColdCtrStrategy boolean true
useReentrantLockWhenPutMessage boolean true
useSeparateRetryQueue boolean false
useStaticSubscription boolean false
userCacheExpiredSecond int 600
userCacheMaxNum int 1000
userCacheRefreshSecond int 60
waitTimeMillsInAckQueue long 3000
waitTimeMillsInAdminBrokerQueue long 5000
waitTimeMillsInHeartbeatQueue long 31000
waitTimeMillsInLitePullQueue long 5000
waitTimeMillsInPullQueue long 5000
waitTimeMillsInSendQueue long 200
waitTimeMillsInTransactionQueue long 3000
wakeCommitWhenPutMessage boolean true
wakeFlushWhenPutMessage boolean false
warmMapedFileEnable boolean false
writeBufferHighWaterMark int 0
writeBufferLowWaterMark int 0
writeWithoutMmap boolean false
"""

NAMESRV_TABLE: Final = """\
clientRequestThreadPoolNums int 8
clientRequestThreadPoolQueueCapacity int 50000
defaultThreadPoolNums int 16
defaultThreadPoolQueueCapacity int 10000
enableShutdownGracefully boolean false
serverAsyncSemaphoreValue int 64
serverCallbackExecutorThreads int 0
serverNettyWorkerGroupEnable boolean true
serverOnewaySemaphoreValue int 256
serverPooledByteBufAllocatorEnable boolean true
serverSelectorThreads int 3
serverWorkerThreads int 8
shutdownWaitTimeSeconds int 30
unRegisterBrokerQueueCapacity int 3000
useEpollNativeSelector boolean false
writeBufferHighWaterMark int 0
writeBufferLowWaterMark int 0
"""
