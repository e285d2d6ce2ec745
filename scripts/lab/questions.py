"""The questions that learners of TCP ask, in their order, and the experiments that answer them."""

# number: (English, Chinese); which experiments answer it, each says itself: @experiment(questions=[...])
QUESTIONS = {
    1: ("What is TCP, and at which layer?", "TCP 是什么，在哪一层？"),
    2: ("What is in its header?", "首部有哪些字段？"),
    3: ("What is a connection, where does it live?", "连接是什么？"),
    4: ("What identifies it?", "怎样唯一确定一个连接？"),
    5: ("How many can a server have?", "一个端口最多多少连接？"),
    6: ("How does UDP differ? When which?", "与 UDP 的区别和场景？"),
    7: ("Which states are there, and which way between them?", "状态转换图？"),
    8: ("Why MSS when IP can fragment?", "有了 IP 分片为何还要 MSS？"),
    9: ("How does it make delivery reliable?", "怎样保证可靠？"),
    10: ("The three-way handshake, step by step?", "三次握手过程？"),
    11: ("Why three? Not two, not four?", "为什么三次？"),
    12: ("Does it also waste less?", "两次会浪费资源吗？"),
    13: ("Could two-way use context to drop old SYNs?", "两次握手能靠上下文丢弃旧 SYN 吗？"),
    14: ("What is the handshake for?", "握手的目的？"),
    15: ("Why may SYN and ACK share a segment?", "为何合并 SYN 与 ACK？"),
    16: ("Why a new ISN each time?", "为什么 ISN 每次不同？"),
    17: ("How is it drawn?", "ISN 如何产生？"),
    18: ("Can ISNs not be the same by chance?", "随机相同怎么办？"),
    19: ("And if timestamps wrap?", "时间戳回绕呢？"),
    20: ("First segment lost?", "第一次握手丢失？"),
    21: ("Second lost?", "第二次握手丢失？"),
    22: ("Third lost?", "第三次握手丢失？"),
    23: ("Both open at once?", "同时打开？"),
    24: ("The close, step by step?", "四次挥手过程？"),
    25: ("Why four?", "为什么四次？"),
    26: ("When three?", "何时三次？"),
    27: ("First FIN lost?", "第一次挥手丢失？"),
    28: ("Its ACK lost?", "第二次挥手丢失？"),
    29: ("Second FIN lost?", "第三次挥手丢失？"),
    30: ("Last ACK lost?", "第四次挥手丢失？"),
    31: ("What is MSL; why 2 MSL?", "MSL 是什么，为何 2MSL？"),
    32: ("Why TIME_WAIT at all?", "为什么需要 TIME_WAIT？"),
    33: ("What harm does too many do?", "TIME_WAIT 过多的危害？"),
    34: ("How to relieve it?", "如何优化？"),
    35: ("Client dies?", "客户端故障？"),
    36: ("Server dies? Its process? Its host?", "服务端故障？"),
    37: ("Both close at once?", "同时关闭？"),
    38: ("Many CLOSE_WAIT?", "大量 CLOSE_WAIT？"),
    39: ("Half-open and accept queue?", "半连接与全连接队列？"),
    40: ("SYN flood?", "SYN 攻击？"),
    41: ("Fast Open?", "Fast Open 是什么？"),
    42: ("Retransmission, when?", "何时重传？"),
    43: ("Sliding window, flow control?", "滑动窗口与流量控制？"),
    44: ("Congestion control?", "拥塞控制？"),
    45: ("SYN, ACK, RST, PSH, URG: what for?", "各标志位？"),
    46: ("How can it be tuned?", "如何优化 TCP？"),
}

# The first question of each: what they are about
CHAPTERS = {
    1: ("What it is", "TCP 是什么"),
    10: ("Opening a connection", "建立连接"),
    24: ("Closing it", "关闭连接"),
    39: ("Queues, floods, shortcuts", "队列、攻击与捷径"),
    42: ("Carrying text", "传输数据"),
    45: ("Flags and knobs", "标志位与调优"),
}
# What the prover (scripts/prove) says to them
PROVED = {
    11: ("two-way", "three-way", "four-way"), 13: ("two-way", "old-segments"), 15: ("four-way",),
    16: ("isn-constant", "isn-clock"), 19: ("paws-off", "paws-on"), 23: ("simultaneous-open",), 24: ("close",),
    31: ("short-msl", "two-msl"), 32: ("rfc1337-off", "rfc1337-on"), 34: ("time-wait-reuse",), 35: ("reboot",),
}
DIAGRAM = 7  # the question that the diagram of states answers

if __name__ == "__main__":  # lessons of the prover, a line each
    print("\n".join(dict.fromkeys(name for names in PROVED.values() for name in names)))
