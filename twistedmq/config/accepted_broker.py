"""Genuine keys of the broker without effect yet, for ``accepted_keys``; see there."""

from typing import Final

BROKER_TABLE: Final = """\
accountStatsEnable boolean true
accountStatsPrintZeroValues boolean true
autoDeleteUnusedStats boolean true
brokerConfigPath String
clusterName String
commercialBaseCount int 1
commercialSizePerMsg int 4096
configName String
consumerFallbehindThreshold long 17179869184
disableConsumeIfConsumerReadSlowly boolean false
enableDetailStat boolean true
enableLmqStats boolean false
enableNotifyBeforePopCalculateLag boolean true
enableRegisterProducer boolean true
enableSplitMetadata boolean true
enableSplitRegistration boolean false
estimateAccumulation boolean true
fetchNameSrvAddrByDnsLookup boolean false
fetchNamesrvAddrInterval long 10000
forwardTimeout long 3000
isolateLogEnable boolean false
maxStatsIdleTimeInMinutes int -1
popLongPollingForceNotifyInterval long 800
popPollingMapExpireTimeSeconds int 600
popPollingMapSize int 100000
printChannelGroups boolean false
printChannelGroupsMinNum int 5
realTimeNotifyConsumerChange boolean true
splitRegistrationSize int 800
useStaticSubscription boolean false
# one thread serves all requests: there are no pools of threads with queues
ackMessageThreadPoolNums int 16
ackThreadPoolQueueCapacity int 100000
adminBrokerThreadPoolNums int 16
adminBrokerThreadPoolQueueCapacity int 10000
asyncSendEnable boolean true
clientCallbackExecutorThreads int cpus
clientManageThreadPoolNums int 32
clientManagerThreadPoolQueueCapacity int 1000000
clientWorkerThreads int 4
consumerManageThreadPoolNums int 32
consumerManagerThreadPoolQueueCapacity int 1000000
disableCallbackExecutor boolean false
disableNettyWorkerGroup boolean false
endTransactionPoolQueueCapacity int 100000
endTransactionThreadPoolNums int 8+2*cpus
heartbeatThreadPoolNums int min(32,cpus)
heartbeatThreadPoolQueueCapacity int 50000
litePullMessageThreadPoolNums int 16+2*cpus
litePullThreadPoolQueueCapacity int 100000
loadBalanceProcessorThreadPoolNums int 32
loadBalanceThreadPoolQueueCapacity int 100000
processReplyMessageThreadPoolNums int 16+2*cpus
pullMessageThreadPoolNums int 16+2*cpus
pullThreadPoolQueueCapacity int 100000
putMessageFutureThreadPoolNums int min(cpus,4)
putThreadPoolQueueCapacity int 10000
queryMessageThreadPoolNums int 8+cpus
queryThreadPoolQueueCapacity int 20000
recoverConcurrently boolean false
recoverThreadPoolNums int 32
replyThreadPoolQueueCapacity int 10000
sendMessageThreadPoolNums int min(cpus,4)
sendThreadPoolQueueCapacity int 10000
serverCallbackExecutorThreads int 0
serverNettyWorkerGroupEnable boolean true
serverSelectorThreads int 3
serverWorkerThreads int 8
# the network is Twisted's, and these are settings of Netty
channelNotActiveInterval long 60000
clientCloseSocketIfTimeout boolean true
clientOnewaySemaphoreValue int 65535
clientPooledByteBufAllocatorEnable boolean false
clientSocketRcvBufSize int 0
clientSocketSndBufSize int 0
enableFastChannelEventProcess boolean false
enableNetWorkFlowControl boolean false
enableReconnectForGoAway boolean true
enableShutdownGracefully boolean false
isScanAvailableNameSrv boolean true
maxReconnectIntervalTimeSeconds long 60
scanAvailableNameSrv boolean true
serverAsyncSemaphoreValue int 64
serverOnewaySemaphoreValue int 256
serverPooledByteBufAllocatorEnable boolean true
serverSocketRcvBufSize int 0
serverSocketSndBufSize int 0
shutdownWaitTimeSeconds int 30
transferMsgByHeap boolean true
useEpollNativeSelector boolean false
writeBufferHighWaterMark int 0
writeBufferLowWaterMark int 0
# there is no access control
aclCacheExpiredSecond int 600
aclCacheMaxNum int 1000
aclCacheRefreshSecond int 60
authConfigPath String
authenticationMetadataProvider String
authenticationProvider String
authenticationStrategy String
authenticationWhitelist String
authorizationMetadataProvider String
authorizationProvider String
authorizationStrategy String
authorizationWhitelist String
initAuthenticationUser String
innerClientAuthenticationCredentials String
statefulAuthenticationCacheExpiredSecond int 60
statefulAuthenticationCacheMaxNum int 10000
statefulAuthorizationCacheExpiredSecond int 60
statefulAuthorizationCacheMaxNum int 10000
userCacheExpiredSecond int 600
userCacheMaxNum int 1000
userCacheRefreshSecond int 60
# there are no replicas and no controller
brokerElectionPriority int 2147483647
brokerHeartbeatInterval int 1000
brokerIP2 String
brokerNotActiveTimeoutMillis long 10000
checkSyncStateSetPeriod long 5000
cleanOfflineBrokerInterval int 30000
compatibleWithOldNameSrv boolean true
controllerAddr String
controllerHeartBeatTimeoutMills long 10000
fetchControllerAddrByDnsLookup boolean false
sendHeartbeatTimeoutMillis int 1000
skipPreOnline boolean false
syncBrokerMemberGroupPeriod int 1000
syncBrokerMetadataPeriod long 5000
syncControllerMetadataPeriod long 10000
# a broker is a process of its own
brokerContainerIP String
isBrokerContainer boolean false
isInBrokerContainer boolean false
updateNamesrvAddrInterval long 120000
# the genuine broker makes no use of it either
flushConsumerOffsetHistoryInterval int 60000
highSpeedMode boolean false
# nothing is looked for there
rocketmqHome String
# figures are read at /metrics, not sent anywhere
metricGrpcExporterIntervalInMills long 60000
metricGrpcExporterTimeOutInMills long 3000
metricLoggingExporterIntervalInMills long 10000
metricsGrpcExporterHeader String
metricsGrpcExporterTarget String
metricsInDelta boolean false
# loans and their ends go into the log at once, and come back as timed messages
appendAckAsync boolean false
appendCkAsync boolean false
enablePopBatchAck boolean false
enablePopBufferMerge boolean false
enablePopLog boolean false
enableSkipLongAwaitingAck boolean false
popCkOffsetMaxQueueSize int 20000
popCkStayBufferTime int 10000
popCkStayBufferTimeOut int 3000
popConsumerFSServiceInit boolean true
popConsumerKVServiceLog boolean false
popReviveConcurrency int 32
popReviveMaxAttemptTimes int 16
popReviveMaxReturnSizePerRead int 16384
reviveAckWaitMs long 180000
reviveMaxSlow long 3
reviveScanTime long 10000
# a majority of one: there are no replicas that could hold a lock as well
lockInStrictMode boolean false
# bit maps of filters are not written
enableCalcFilterBitMap boolean false
"""
