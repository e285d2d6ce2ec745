from isn_constant_old_data import NEW, OLD, two_lives
from lab import experiment


@experiment(questions=[18], rfc="RFC 7323 5, RFC 6191", zh="ISN 碰巧相同怎么办？", kernel=False)
def run(lab):
    """What if two lives begin with the same number by chance?"""
    # The kernel's TCP cannot be made to draw the same.
    lab.listen()
    read = {}
    for port, stamps in ((40000, 1), (40001, 0)):
        lab.write_knob("timestamps", stamps, "")  # what differs here
        read[stamps] = two_lives(lab, port, "constant")
    paws = lab.knob("paws", "server")
    lab.check("read in the second life, with timestamps", NEW if paws else OLD, read[1])
    lab.check("and without", OLD, read[0])
    lab.answer(
        f"""Timestamps tell the lives apart (PAWS): the late segment is from an earlier time than the newest one
        seen, so it is dropped, and the program reads "{read[1].decode()}". Without them the same number is the same
        place in the stream, and it reads "{read[0].decode()}". With a clock and F that takes chance and a late
        segment at once.""",
        f"""时间戳可以区分两次连接（PAWS）：迟到的段时间戳比已见的旧，因此被丢弃，程序读到“{read[1].decode()}”。没有时间戳时，相同序号就是流中同一位置，读到
        “{read[0].decode()}”。有时钟和 F 时，要序号碰巧相同又有迟到的段才会如此。""")
