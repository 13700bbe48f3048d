"""What both tools, the genuine mqadmin and ours, are asked to do."""

LEFT_OUT = {
    "getAcl listAcl createAcl updateAcl deleteAcl copyAcl": "access control",
    "getUser listUser createUser updateUser deleteUser copyUser": "access control",
    "addBroker removeBroker": "for a container of brokers",
    "cleanBrokerMetadata electMaster getControllerConfig": "for a controller",
    "getControllerMetaData getSyncStateSet updateControllerConfig": "for a controller",
    "getBrokerEpoch": "for brokers under a controller",
    "updateStaticTopic remappingStaticTopic": "static topics",
    "dumpCompactionLog exportMetadataInRocksDB": "reads local files, asks nobody",
    "clusterRT startMonitoring": "runs until it is stopped",
}
"""Verbs that are not tried, and why."""

TRIED = """
updateTopic -c DefaultCluster -t Tadm -r 2 -w 2
updateTopic -b {b} -t Tone -r 1 -w 1 -a +message.type=FIFO
updateTopic -b {b} -t Tone -r 1 -w 1 -a +message.type=NONSENSE
updateTopic -b {b} -t TBW102 -r 2 -w 2
updateTopic -b {b} -t bad/topic
updateTopic -b {b} -t Tord -r 2 -w 2 -o true
updateTopic -b {b}
updateTopic -b 127.0.0.1:1 -t Tnowhere
updateTopicList -b {b} -f {home}/topics.json
updateSubGroup -b {b} -g Gadm -r 3 -q 2
updateSubGroup -c DefaultCluster -g Goff -s true
updateSubGroup -b {b} -g bad%group
updateSubGroupList -b {b} -f {home}/groups.json
help updateTopic

sendMessage -t Tadm -p hello-one -k K1 -c TagA -b broker-a -i 0
sendMessage -t Tadm -p hello-two -k K2 -c TagB -b broker-a -i 1
sendMessage -t Tone -p only -k KO
sendMessage -t Tnone -p x -b broker-a -i 0
@consume Glive Tone
@produce Plive Tone
wait-for consumerConnection -g Glive
queryMsgByUniqueKey -t Tadm -i {key:Tadm}

topicRoute -t Tord
topicRoute -t Tlist1
topicRoute -t Tadm
topicRoute -t Tadm -l
topicRoute -t Tnever
topicClusterList -t Tadm
topicStatus -t Tadm
topicStatus -t Tnever
topicList
topicList -c
getConsumerConfig -g Gadm
getConsumerConfig -g Gnone
queryMsgByKey -t Tadm -k K1
queryMsgByKey -t Tadm -k Knone
queryMsgByOffset -t Tadm -b broker-a -i 1 -o 0
queryMsgByOffset -t Tadm -b broker-a -i 1 -o 99
queryMsgById -t Tadm -i {id:Tadm}
queryMsgById -t Tadm -i {id:Tadm} -f UTF-8
queryMsgById -t Tadm -i 7F00000100002A9F00000000000F4240
queryMsgById -t Tadm -i nonsense
queryMsgTraceById -i {key:Tadm}
queryCq -t Tadm -q 1 -i 0 -c 5
queryCq -t Tadm -q 1 -i 0 -c 5 -b {b} -g Gadm
queryCq -t Tone -q 0 -i 0 -c 5 -b {b} -g Glive
queryCq -t Tadm -q 7 -i 0 -c 5 -b {b}
queryCq -t Tadm -q 1 -i 44 -c 5 -b {b}
consumeMessage -t Tone
consumeMessage -t Tadm -b broker-a -i 1 -o 0 -c 1
consumeMessage -t Tnever
printMsg -t Tadm -d true
printMsg -t Tadm -s TagA -d false -b 0 -e 4000000000000
printMsgByQueue -t Tadm -a broker-a -i 1 -p true -d true -f true
allocateMQ -t Tlist1 -i 10.0.0.1,10.0.0.2

wait-for queryMsgByOffset -t Tone -b broker-a -i 0 -o 0
queryMsgByUniqueKey -t Tone -i {key:Tone}
consumerConnection -g Glive -b {b}
consumerConnection -g Gnone
producerConnection -g Plive -t Tone
producerConnection -g Pnone -t Tone
producer -b {b}
consumerStatus -g Glive
consumerStatus -g Gnone
consumerStatus -g Glive -i {client}
consumerStatus -g Glive -i nobody
queryMsgById -t Tone -i {id:Tone} -g Glive -d {client}
queryMsgById -t Tone -i {id:Tone} -g Glive -d nobody
queryMsgByUniqueKey -t Tone -i {key:Tone} -g Glive -d {client}

updateTopic -b {b} -t Ttraced -r 1 -w 1
sendMessage -t Ttraced -p seen -m true
wait-for queryMsgTraceById -i {key:Ttraced}
queryMsgTraceById -i {key:Ttraced} -t RMQ_SYS_TRACE_TOPIC -c 8

updateTopicPerm -c DefaultCluster -t Tadm -p 4
updateTopicPerm -b {b} -t Tlist1 -p 6
updateTopicPerm -b {b} -t Tlist2 -p 2
updateTopicPerm -b {b} -t Tnever -p 2
topicRoute -t Tlist2
setConsumeMode -b {b} -t Tadm -g Gadm -m POP -q 3
setConsumeMode -c DefaultCluster -t Tadm -g Gadm -m PULL
checkMsgSendRT -t Tone -a 3 -s 10
sendMsgStatus -b broker-a -s 10 -c 2
brokerStatus -b {b}
brokerStatus -c DefaultCluster
clusterList
clusterList -m
clusterList -c nowhere
getBrokerConfig -b {b}
getBrokerConfig -c DefaultCluster
getNamesrvConfig
updateBrokerConfig -b {b} -k longPollingEnable -v true
updateBrokerConfig -c DefaultCluster -k longPollingEnable -v true
updateBrokerConfig -b {b} -k brokerConfigPath -v x
updateNamesrvConfig -k configStorePath -v x
updateNamesrvConfig -k orderMessageEnable -v true
updateKvConfig -s NSP -k k1 -v v1
deleteKvConfig -s NSP -k k1
updateOrderConf -m put -t Tord -v broker-a:2
updateOrderConf -m get -t Tord
topicRoute -t Tord
updateOrderConf -m delete -t Tord
updateOrderConf -m get -t Tord
wipeWritePerm -b broker-a
wipeWritePerm -b nobody
topicRoute -t Tone
addWritePerm -b broker-a
addWritePerm -b nobody
exportConfigs -c DefaultCluster -f {home}/export
exportMetadata -c DefaultCluster -f {home}/export
exportMetadata -b {b} -t -f {home}/export
exportMetadata -b {b} -g -f {home}/export
exportMetrics -c DefaultCluster -f {home}/export

cleanExpiredCQ -b {b}
cleanExpiredCQ -c DefaultCluster
cleanExpiredCQ
cleanUnusedTopic -b {b}
cleanUnusedTopic -c DefaultCluster
deleteExpiredCommitLog -b {b}
deleteExpiredCommitLog -c DefaultCluster
getColdDataFlowCtrInfo -b {b}
updateColdDataFlowCtrGroupConfig -b {b} -g Gadm -v 4096
getColdDataFlowCtrInfo -c DefaultCluster
removeColdDataFlowCtrGroupConfig -b {b} -g Gadm
setCommitLogReadAheadMode -b {b} -m 0
setCommitLogReadAheadMode -b {b} -m 1
setCommitLogReadAheadMode -b {b} -m 7
switchTimerEngine -b {b} -e F
switchTimerEngine -b {b} -e R
checkRocksdbCqWriteProgress -c DefaultCluster -n {ns}
rocksDBConfigToJson -b {b} -t topics
resetMasterFlushOffset -b {b} -o 0
exportPopRecord -b {b} -d true
exportPopRecord -c DefaultCluster -d false
haStatus -b {b}

wait-for brokerConsumeStats -b {b}
brokerConsumeStats -b {b} -o true
brokerConsumeStats -b {b} -l 5
consumerProgress
consumerProgress -g Glive
consumerProgress -g Glive -t Tone -s true
consumerProgress -g Gnone
queryMsgByOffset -t Tone -b broker-a -i 0 -o 0
queryMsgByUniqueKey -t Tone -i {key:Tone} -a
statsAll -t Tone
cloneGroupOffset -s Glive -d Gclone -t Tone
cloneGroupOffset -s Gnone -d Gclone2 -t Tone
resetOffsetByTime -g Goff -t Tone -s -1
resetOffsetByTime -g Goff -t Tone -s now
resetOffsetByTime -g Goff -t Tone -s 2020-01-01#00:00:00:000
resetOffsetByTime -g Gadm -t Tone -s -1 -b {b} -q 0 -o 0
resetOffsetByTime -g Gadm -t Tone -s -1 -b {b} -q 0 -o 1
resetOffsetByTime -g Goff -t Tnever -s -1
skipAccumulatedMessage -g Gnone -t Tone
resetOffsetByTime -g Glive -t Tone -s 0 -f true
skipAccumulatedMessage -g Glive -t Tone
consumerProgress -g Goff
consumerProgress -g Gclone
deleteSubGroup -b {b} -g Gadm -r true
deleteSubGroup -c DefaultCluster -g Goff
deleteTopic -c DefaultCluster -t Tadm
topicRoute -t Tadm
getConsumerConfig -g Gadm
topicList
noSuchVerb -x
"""
"""The calls in order, a line each. ``{key:T}`` and ``{id:T}`` are the unique key and
the message id of the first message in T, ``{client}`` is the consumer. ``wait-for``
makes its call until what it asks for is there."""
CALLS = [line for line in TRIED.splitlines() if line]
