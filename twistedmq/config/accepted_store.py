"""Genuine keys of the store without effect, for ``accepted_keys``; see there."""

from typing import Final

STORE_TABLE: Final = """\
# files are written by calls, without mappings or a pool of buffers
cleanSwapedMapInterval long 300000
commitCommitLogLeastPages int 4
commitCommitLogThoroughInterval int 200
commitIntervalCommitLog int 200
commitLogForceSwapMapInterval long 43200000
commitLogSwapMapInterval long 3600000
commitLogSwapMapReserveFileNum int 100
fastFailIfNoBufferInStorePool boolean false
flushLeastPagesWhenWarmMapedFile int 4096
logicQueueForceSwapMapInterval long 43200000
logicQueueSwapMapInterval long 3600000
logicQueueSwapMapReserveFileNum int 20
mappedFileSwapEnable boolean true
putConsumeQueueDataByFileChannel boolean true
sharedByteBufferNum int 16
transientStorePoolEnable boolean false
transientStorePoolSize int 5
wakeCommitWhenPutMessage boolean true
warmMapedFileEnable boolean false
writeWithoutMmap boolean false
# appends follow one another in one thread, so nothing is locked or queued
debugLockEnable boolean false
maxAsyncPutMessageRequests int 5000
putMessageTimeout int 8000
spinLockCollisionRetreatOptimalDegree int 1000
topicQueueLockNum int 32
useABSLock boolean false
useReentrantLockWhenPutMessage boolean true
# queues and index learn of a message as it is stored, not from the log
batchDispatchRequestThreadPoolNums int 16
dispatchCqCacheNum int 4096
dispatchCqThreads int 10
dispatchFromSenderThread boolean false
enableAsyncReput boolean true
enableBuildConsumeQueueConcurrently boolean false
putMsgIndexHightWater int 600000
readUnCommitted boolean false
# recovery begins where the file twistedmq.vouch says, else at the checkpoint
commitLogRecoverMaxNum int 10
enableAcceleratedRecovery boolean false
enableLogConsumeQueueRepeatedlyBuildWhenRecover boolean false
maxRecoveryCommitlogFiles int 30
messageIndexSafe boolean false
recheckReputOffsetFromCq boolean false
# whatever was written is synced at each interval, however little it is
flushCommitLogLeastPages int 4
flushCommitLogThoroughInterval int 10000
flushCommitLogTimed boolean true
flushConsumeQueueLeastPages int 2
flushConsumeQueueThoroughInterval int 60000
wakeFlushWhenPutMessage boolean false
# a disk that failed refuses messages, whatever this says
enableRunningFlagsInFlush boolean false
# queues follow each deletion, and whoever reads a deleted file reads on
correctLogicMinOffsetForceInterval int 300000
correctLogicMinOffsetSleepInterval int 1
destroyMapedFileIntervalForcibly int 120000
# deleteFileBatchMax is the limit that counts
maxBatchDeleteFilesNum int 50
# what is in memory is the operating system's choice
accessMessageInMemoryHotRatio int 26
# whether something is in memory is asked of the system whenever it is read
coldDataScanEnable boolean false
timerColdDataCheckIntervalMs int 60000
# one read looks at as many entries as maxFilterMessageSize says
travelCqFileNumWhenGetMessage int 1
# how far groups lag is counted, not estimated from samples
maxConsumeQueueScan int 20000
sampleCountThreshold int 5000
sampleSteps int 32
# how far groups read behind the end of the log is found when it is asked for
diskFallRecorded boolean true
# a query by unique key gives as many messages as a genuine broker by default
defaultQueryMaxNum int 32
# messageIndexEnable alone decides on the hash index
indexFileReadEnable boolean true
indexFileWriteEnable boolean true
# a record says itself how long its topic is, and topics have at most 127 bytes
autoMessageVersionOnTopicLen boolean true
maxTopicLength int 127
# consumer offsets stay until their group or topic is deleted
enableCleanExpiredOffset boolean false
# the broker registers as soon as it can serve
disappearTimeAfterStart int -1
# bit maps of filters are not written
bitMapLengthConsumeQueueExt int 64
enableConsumeQueueExt boolean false
# batch queues are searched without a cache
searchBcqByCacheEnable boolean true
# a pull gives what its limits and the settings of reads allow
pullBatchMaxMessageCount int 160
# delayed messages are delivered many at a time anyway
enableScheduleAsyncDeliver boolean false
scheduleAsyncDeliverMaxPendingLimit int 2000
scheduleAsyncDeliverMaxResendNum2Blocked int 3
# timed messages: read ahead and in batches, tried until stored, counted exactly
timerCheckMetricsWhen String 05
timerEnableCheckMetrics boolean true
timerEnableDisruptor boolean false
timerEnableRetryUntilSuccess boolean false
timerGetMessageThreadNum int 3
timerInterceptDelayLevel boolean false
timerMetricSmallThreshold int 1000000
timerProgressLogIntervalMs int 10000
timerPutMessageThreadNum int 3
timerRecallToTimeWheelEnable boolean true
timerRecallToTimelineEnable boolean true
timerSkipUnknownError boolean false
timerWarmEnable boolean false
timerWheelSnapshotFlush boolean false
timerWheelSnapshotIntervalMs int 10000
# halves of transactions are kept in their topics alone
transWriteOriginTransHalfEnable boolean true
# topics are not compacted
compactionCqMappedFileSize int 10485760
compactionMappedFileSize int 104857600
compactionScheduleInternal int 900000
compactionThreadNum int 6
enableCompaction boolean true
maxOffsetMapSize int 104857600
# there are no replicas
allAckInSyncStateSet boolean false
asyncLearner boolean false
enableAutoInSyncReplicas boolean false
haFlowControlEnable boolean false
haHousekeepingInterval int 20000
haListenPort int 10912
haMasterAddress String
haMaxGapNotInSync int 268435456
haMaxTimeSlaveNotCatchup long 15000
haSendHeartbeatInterval int 5000
haTransferBatchSize int 32768
inSyncReplicas int 1
logicalDiskSpaceCleanForciblyThreshold double 0.8
maxChecksumRange long 1073741824
maxHaTransferByteInSecond long 104857600
maxSlaveResendLength long 268435456
minInSyncReplicas int 1
offsetCheckInSlave boolean false
replicasPerDiskPartition int 1
slaveTimeout int 3000
storePathBrokerIdentity String
storePathEpochFile String
syncFromLastFile boolean false
syncMasterFlushOffsetWhenStartup boolean false
totalReplicas int 1
# there is no DLedger log
dLegerGroup String
dLegerPeers String
dLegerSelfId String
enableBatchPush boolean false
preferredLeaderId String
storePathDLedgerCommitLog String
# there is no RocksDB, and one kind of queues
bottomMostCompressionTypeForConsumeQueueStore String zstd
cleanRocksDBDirtyCQIntervalMin long 60
combineAssignOffsetCQType String default
combineCQEnableCheckSelf boolean false
combineCQLoadingCQTypes String default;defaultRocksDB
combineCQMaxExtraSearchCommitLogFiles int 3
combineCQPreferCQType String default
enableRocksDBLog boolean false
maxRocksDBIndexQueryDays int 7
memTableFlushIntervalMs long 3600000
realTimePersistRocksDBConfig boolean true
rocksdbCompressionType String lz4
rocksdbFlushWalFrequency int 1024
rocksdbWalFileRollingThreshold long 1073741824
statRocksDBCQIntervalSec long 10
timerRocksDBPrecisionMs long 1000
timerRocksDBRollIntervalHours int 1
timerRocksDBRollMaxTps double 8000.0
timerRocksDBRollRangeHours int 2
timerRocksDBStopScan boolean false
timerRocksDBTimeExpiredMaxTps double 200000.0
# there is no tiered storage
commitLogRollingInterval int 24
commitLogRollingMinimumSize int 16777216
objectStoreAccessKey String
objectStoreBucket String
objectStoreEndpoint String
objectStoreSecretKey String
readAheadCacheEnable boolean true
readAheadCacheExpireDuration long 15000
readAheadCacheSizeThresholdRate double 0.3
readAheadMessageCountThreshold int 4096
readAheadMessageSizeThreshold int 16777216
recordGetMessageResult boolean false
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
"""
