"""What people choose first when asked for a long password, and what they build it from."""

_LISTED = """
1234567890123 123456789012 1234567890ab 123456123456 123123123123 112233445566 098765432109 987654321098
111222333444 147258369147 159753159753 102030405060 123321123321 121212121212 123456654321 314159265359
qwertyuiop12 qwertyuiop123 qwertyuiopas qwertyuiopasdfghjkl qwertyuiop[] qwerty123456 qwerty1234567 1q2w3e4r5t6y
1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv zaq12wsxcde3 zaq1zaq1zaq1 q1w2e3r4t5y6 qazwsxedcrfv qazwsxedcrfvtgb
asdfghjkl123 asdfghjklzxcvbnm zxcvbnm12345 zxcvbnmasdfghjkl qweasdzxc123 abcd1234abcd abcdefghijkl abcdefghijklm
abc123abc123 a1b2c3d4e5f6 aa123456aa123 passwordpassword password1234 password12345 password123456 p@ssword1234
passw0rd1234 p@ssw0rd1234 pa55word1234 mypassword12 mypassword123 mypassword1234 thisismypassword thepassword1
secretpassword yourpassword changemenow1 changemeplease letmeinplease letmein12345 letmeinletmein
iloveyou1234 iloveyou12345 iloveyouforever iloveyousomuch iloveyoubaby iloveyou2much ilovemyself1 ilovemyfamily
ilovemymother ilovejesus123 jesusislord1 jesuslovesme jesuschrist1 godisgood123 trustno1trustno1 trustnoone123
welcomewelcome welcome12345 welcome123456 welcomehome1 administrator adminadmin12 administrator1 administrator123
adminpassword rootpassword testpassword temppassword defaultpassword guestpassword supersecret1 supersecret123
correcthorse correcthorsebattery correcthorsebatterystaple
manchesterunited manchester123 liverpoolfc1 liverpool1234 barcelona1234 realmadrid123 chelseafc1234 arsenalfc1234
startrek1234 starwars1234 maytheforcebewithyou thefastandthefurious lordoftherings harrypotter12 harrypotter123
spongebob1234 hellokitty12 hellokitty123 winniethepooh mickeymouse1 mickeymouse123 pokemon12345 dragonball123
supercalifragilisticexpialidocious onceuponatime toinfinityandbeyond openthedoor1 openthegates nothing12345
donotdisturb rememberthis rememberme12 rememberme123 forgetmenot1 idontknow123 idontknowwhy whatever1234
sunshine1234 princess1234 butterfly123 chocolate123 strawberry12 summer201234 december2024 september2024
november2024 january12345 monday123456 computer1234 internet1234 football1234 baseball1234 basketball12
basketball123 volleyball12 superman1234 spiderman123 batman123456 michael12345 jennifer1234 alexander123
christopher1 christopher123 elizabeth123 stephanie123 nicholas1234 gabriel12345 samantha1234 victoria1234
"""
COMMON = frozenset(_LISTED.split()) | {"correct horse battery staple"}
"""Passwords of twelve characters and more that lists of leaked ones begin with, in small letters."""

_WORDS = """
password passwort passwd passw0rd pass pw secret geheim login signin user guest test temp default changeme letmein
welcome willkommen hello admin administrator root master access qwerty qwertz azerty asdf zxcvbn iloveyou love
football baseball dragon monkey shadow sunshine princess superman batman summer winter spring autumn monday
company office okta entra azure microsoft google scim rolebook portal
january february march april may june july august september october november december
"""
WORDS = frozenset(_WORDS.split())
"""Words that a password may not consist of, however often and whatever digits and signs are around them."""
