"""What words in the names of tracks and folders mean. Data only, read by ``vocabulary``.

Words stand as people write them; case and accents do not matter. A word has one meaning only.
``vocabulary`` says what the meanings are, and how to add a word.
"""

from __future__ import annotations

#: meaning -> its words
WORDS: dict[str, str] = {
    "kick": """kick kicks kik kck kk bd kd bassdrum bassdrums kickdrum bombo bumbo cassa
        grancassa bastrumma baskagge kagge basdrum stopa centrala grossetrommel grossecaisse
        basstrommel бочка бочки キック バスドラム バスドラ 킥 킥드럼 底鼓 大鼓 gc kic basbuben
        kopak slapak rytmak labdob nagydob basari bassorumpu basrumpu μπότα κάσα каса фус
        bochka bassbubanj stortromme stortrumma basstromma bastromme basstromme slagkagge
        bumbos bombos gransa grossecasse 地鼓 脚鼓 腳鼓 低音鼓 底鼓麦 キックドラム ベードラ
        베이스드럼 베드 קיק בייסדראם كيك กระเดื่อง""",
    "snare": """snare snares snr snre snar sn sd caja redoblante tarola rullante caixa virvel
        werbel rimshot rimshots rim sidestick crossstick xstick малый рабочий снейр スネア
        スネアドラム 스네어 军鼓 小鼓 cc virbl rytmicak pergo pergodob kisdob trampet trampeti
        virveli virvelirumpu pikkurumpu малий dobos skarptromme skarp lilletromme snaredrum
        snaredrums snaretrommel ταμπούρο sneril soolotrumm rabochiy rabochij rabochy maliy
        malyj werbelek tarol tarolas rullanti redoblantes virvelkagge 軍鼓 小军鼓 小軍鼓 响弦
        スネアー スネヤ リムショット クロススティック 스네어드럼 스내어 סנר סנייר سنير סנאר
        cajas skarptrumma skarptrummor""",
    "hat": """hat hats hh hho hhc hihat hihats hhat hhats highhat charley charleston charles
        chaston chimbal contratiempo hajhet хэт хет хайхэт хайхет ハイハット ハイハ ハット
        하이햇 踩镲 hajtka hajtky hajty haitsu haitsut hihatka hihatky labcin labcintanyer
        хайхат хэты хеты contratempo contratempos contratempi charlestone charlies charleys
        hihatti hihatit hatut fus 高帽 高帽镲 踩擦 踩钹 踏钹 踏鈸 腳踏鈸 脚踏钹
        ハイハットシンバル 하이헷 햇 하이햇심벌 האט היהאט هايهات hihatu hajhat highhats hhs""",
    "tom": """tom toms tt puka kociol kotly том томы томтом タム タムタム 톰 탐 通鼓 嗵鼓
        prechod prechody prechodak kotel kotle tam tamok tamek tomi tomit tomut tomy tomtom
        tomtoms tomtomy tomovi tomtomlar tomlar томики τομ τύμπανο timbal tons tomes טום טומים
        桶鼓 筒鼓 中鼓 嗵嗵鼓 汤姆 タムス 탐탐 톰톰 ทอม tums""",
    "rack": """rack rk racktom racktoms rt rtom hangetom hange hangpuka hangtom aire hangtam
        haengetom haengetoms hangetoms hangetomi ハイタム ミッドタム ロータム 하이탐 미드탐
        로우탐 hangpukor""",
    "floor": """floor flr fl ft timpano ftom fltom flrtom floortom floortoms standtom stand
        goliat surdo golvpuka vloertom piso tombasse fltm напольный フロア フロアタム 플로어
        플로어톰 落地通鼓 standtoms stojak allotam allotom lattiatomi lattiatom zemintom
        yertom gulvtom gulvtam gulvtomme golvtom golvpukor флор флортом бастом flurtom
        落地嗵鼓 落地桶鼓 落地鼓 地通 地嗵 低音通鼓 落地 フロアー ロウタム 플로어탐 플로우탐
        bodentom podlahovy podlahac podlahak 大桶鼓""",
    "ride": """ride rides rd ridecymbal conducao райд ライド ライドシンバル 라이드 叮叮镲
        kisero komppi komppipelti komppis рэйд 节奏镲 節奏鈸 节奏钹 叮叮钹 ライドシンバ
        라이드심벌 רייד ridu ridecym ridebecken""",
    "cymbal": """crash crashes china chinas splash splashes cymbal cymbals cymb cymbs cym cyms
        becken cymbale cymbales platos platillos platillo piatti piatto prato pratos ataque
        bekken bekkens talerze talerz blachy blacha crashbecken stack cymbaler тарелки тарелка
        крэш крэши シンバル クラッシュ チャイナ スプラッシュ 심벌 镲 吊镲 cinel cinely cinele
        cinelli cin cinek cintanyer cintanyerek beuto zil ziller pelti pellit symbaali
        symbaalit symbalit simbal simbali bekkener baekken baekkener becks talgere чинели
        тарілка тарілки краш крашы чайна чайны сплэш сплеш железо tarelka tarelki πιατίνι
        πιατίνια πιάτα czynel czynele czynelle 钹 鈸 銅鈸 铜钹 吊钹 吊鈸 强音镲 碎音镲 中国镲
        水镲 シンバルズ クラッシュシンバル 심벌즈 심발 크래시 크래쉬 차이나 스플래시 מצילה
        מצילות صنج ฉาบ cimbal cimbali ataques splashs plato crashs""",
    "overhead": """oh ohs ohd ohds overhead overheads overhd overhds ovhd ovhds ovh ovhs overs
        ovr ovrs ovrhd ovrhds ohead oheads aereos aereo panoramici panoramico overhang glyn
        оверхед оверхеды оверы オーバーヘッド 오버헤드 overheady overhedy overheadit overhedit
        overheadek overheadi overheadler oheady overhedi overky оверхэд оверхэды овера
        overheader overheadky άνωθεν 顶麦 顶置 头顶 吊麦 顶部 オーバーヘッズ オーヴァーヘッド
        오버헤드마이크 오버헤즈 오버 אוברהד אוברהדים ovhead ovheads overheds overhed overheadz
        areos aérien aériens""",
    "room": """room rooms rm rms rmm amb ambi ambs ambience ambiance ambiente ambientes
        ambienti ambiencia ambient ambients raum raume rum kamer ruimte pokoj sala piece pzm
        fok hall hallway stairwell trash crotch wurst комната комнаты рум румы эмбиент ルーム
        アンビ アンビエンス 룸 prostor mistnost terem szoba oda ortam huone tila помещение
        soba rom δωμάτιο livingroom liveroom 房间 房間 环境 環境 环境麦 氛围 空间 オフマイク
        アンビエント ルームマイク 部屋 앰비언스 엠비언스 룸마이크 엠비 앰비 חדר roomky farroom
        ambienz raummikro raummikros raummikrofon roommic roommics""",
    "percussion": """perc percs percussion percussions perk tamb tambo tambos tmb tmbo
        tambourine tambourines tamborine pandereta pandeiro tamburyn tamburello schellenkranz
        schellen tamburin tamboerijn shaker shakers shkr cowbell cowbells kuhglocke conga
        congas bongo bongos cabasa claves clave clap claps handclap handclaps snap snaps
        fingersnap fingersnaps triangle woodblock woodblocks cajon djembe timbale timbales
        guiro maraca maracas chime chimes windchimes bell bells agogo tabla vibraslap
        castanets бубен шейкер タンバリン シェイカー カウベル コンガ ボンゴ パーカッション
        gong gongs 퍼커션 탬버린 percu percus percusion percusiones percussione percussioni
        percussie percussao percussoes perkussion perkussionen perkuse perkusie perkuszio utos
        utohangszer csorgodob vurmali darbuka bendir perkussiot lyomasoittimet tamburiini
        marakassit перкуссия перкусия перка тамбурин ковбелл маракас маракасы конги бонго
        треугольник кахон slagverk perkusyjne perkusjonalia κρουστά 打击乐 打擊樂 打击 沙锤
        铃鼓 牛铃 康加鼓 邦戈鼓 木箱鼓 カホン 太鼓 クラップ 쉐이커 셰이커 카혼 콩가 봉고
        카우벨 박수 טמבורין שייקר دربوكة tamtam dafs daf riq cencerro pandero bombolegüero
        cabassa surdos cuica berimbau repinique tamborim shekere bodhran udu caxixi sleighbell
        sleighbells jamblock jingles ratchet guira tumba tumbadora tumbadoras quinto""",
    "sample": """trig trigs trigger triggers triggered triggs trg sample samples sampled smp
        smpl smpls samp samps spl ssd slate augment aug drumagog sampler""",
    "kit": """drum drums drm drms dr drs kit kits drumkit drumkits drumset schlagzeug batterie
        bateria batteria trummor trumset drumstel slagwerk perkusja барабаны барабан ударные
        ドラム ドラムス ドラムセット 드럼 架子鼓 鼓 bici bicie dob dobok dobfelszereles davul
        davullar rummut rumpu rumpusetti ударка установка ударная барабани бубни bubnjevi
        bubnji tobe trommer trommesett trommeset bateristi τύμπανα ντραμς ドラムキット 套鼓
        爵士鼓 鼓组 鼓組 鼓套 드럼셋 드럼세트 드럼킷 תופים درамз درامز กลอง trống buben bubny
        trommel trommeln batterij baraban barabany bungas trummid trommur slagwerken baterija
        bęben bębny""",
    "in": """in inn inside inner innen dentro interior drin внутри イン uvnitr vnitrni bent
        belso ic sisa sisalla sisapuoli вн внутр внутрь внутренний 内 里 裡 内侧 内部 内側 안
        인 안쪽 wewnatrz inre inni intern""",
    "out": """out outside outer outter aussen fuera fuori fora exterior reso front снаружи
        アウト venku vnejsi kint kulso dis ulko ulkopuoli нар наружи наружный 外 外侧 外部
        外側 아웃 밖 바깥 zewnatrz zewn yttre ytre esterno externo extern""",
    "sub": "sub subs",
    "top": """top tops tp topp up upper oben dessus haut arriba sopra cima gora верх верхний
        сверху 上 表 トップ horni vrchni felso ust ustu yla ylapuoli paalta верхняя верхн 上面
        顶 上麦 탑 위 윗면 상 topside overside ovan ovre gorny vrsek vrch nahore
        pele""",
    "bottom": """bottom bottoms bot bots bott btm btms bttm btom down dn und under underneath
        lower unten dessous abajo sotto botten dol низ нижний снизу 下 裏 ボトム dolni spodni
        also alul alatt alti ala alapuoli alhaalta нижняя нижн 下面 底 下麦 底面 바텀 보텀
        아래 하 dolny undre underside teppich unterseite spod spodek dole""",
    "hi": """hi high highest small alto vysoky magas yuksek korkea высокий 高 高音 하이 ハイ
        wysoki hoch""",
    "mid": """mid middle med medium medio stredni kozep orta keski средний 中 中音 미드 ミッド
        mellan sredni middel medi mitte""",
    "low": "low lo lowest hluboky mely alcak matala низкий 低 低音 로우 ロー niski tief",
    "high tom": "ht",
    "middle tom": "mt",
    "low tom": "lt",
    "left": """l left lft links gauche izq izquierda izquierdo sx sinistra esq esquerda
        esquerdo vanster lewy л лево левый 左 levy leva bal sol vasen vas левая лев lijevo
        lijevi venstre venst stanga αριστερά izda izqda 左边 左侧 左聲道 왼쪽 좌 lewa ліво
        שמאל يسار 左側 レフト gau""",
    "right": """r right rgt rechts droite der derecha derecho dx destra direita direito hoger
        prawy п право правый 右 pravy prava jobb sag oikea oik правая прав desno desni hoyre
        hojre dreapta δεξιά dcha derech 右边 右侧 右声道 오른쪽 우 prawa ימין يمين 右側 ライト
        dte""",
    "stereo": "stereo st lr str ster estereo ステレオ стерео 立体声 스테레오 sztereo στερεο",
    "mono": "mono mon моно モノ 单声道 모노",
    "far": "far near wide distant fern nah loin back",
    "close": "close",
    "chamber": "chamber",
    "letter t": "t",
    "letter b": "b",
    "letter k": "k",
    "letter s": "s",
    "process": """verb verbs reverb reverbs rvb revb rev reverbed reverbero riverbero bus buss
        busses buses crush crushed crushing parallel para prll paralel par parcomp ny pcomp
        squash squashed smash smashed return returns rtn ret send sends delay delays dly echo
        aux submix submixes subgroup submaster group grp grupo gruppe groupe vca sum summe
        somme suma plate sidechain sidechained sc dist distortion distorted saturation sat
        saturated spring gatedverb ドラムバス リバーブ バス センド реверб шина группа 버스
        리버브 드럼버스 rvrb reverbe riverberi reverberacion reverberation nachhall poglos
        kaiku yanki zengeto zenges dozvuk ревер ревербератор эхо дилей шины компрессия сжатие
        bussit ryhma halleffekt hallreverb 混响 混響 总线 母线 编组 并行 压缩 残響 エコー
        ディレイ 그룹 잔향 딜레이 ריברב roomverb drumverb snareverb kickverb tomverb bigverb
        shortverb longverb plates convolution valhalla altiverb lexicon impulse busz sbernice
        skupina csoport grupa grupy grup zbiorcza reverberb paralelo paralelos parallelo
        parallele parallell paralell reamp reamped amped""",
    "effects": """fx efx effect effects efekt efekty efektit эффект эффекты 效果 エフェクト
        이펙트 effekt effekte effets efectos effetti""",
    "over": "over",
    "comp": "comp comps compressor compression compressed",
    "mix": "mix mixdown all master",
    "other": """guitar guitars guitarra guitarras guitare guitares guit guitr gtr gtrs git
        gits gitarre gitarren gitarr gitaar gitara chitarra chitarre egtr agtr acgtr eg ag
        гитара гитары ギター bass basse basso bajo baixo bas bassdi basgitarr bassgtr
        bassguitar kontrabass contrabass subbass бас ベース vocal vocals vocalist vox vx voc
        vocs voice voices vokal vokaler wokal voz voces vozes voix voce voci gesang stimme
        sang zang вокал голос ボーカル 歌 bgv bgvs bv bvs bvox lv lvox ldvox choir chor choirs
        choeur harmony harmonies harm singer singers synth synths synthesizer syn pad pads
        piano pianos pno klavier keys keyboard keyboards kbd rhodes wurli wurlitzer organ
        orgel hammond clav string strings strs violin violins viola cello horn horns brass
        trumpet trumpets tpt trombone tbn sax saxes saxophone flute clarinet banjo mandolin
        ukulele uke accordion akkordeon harmonica harp harpsichord marimba vibraphone vibes
        glockenspiel glock xylophone celesta lead leads arp arps pluck theremin talkback tb
        speech dialog dialogue narrator podcast orchestra orch timpani пианино клавиши 钢琴
        ピアノ シンセ 베이스 보컬 기타 피아노 贝斯 吉他 人声 主唱 amp amps kytara kytary
        basova basa zpev klavesy housle sbor akordeon trubka spev husle basszus enek zongora
        billentyu hegedu korus klavye keman saz baglama kanun ney zurna kitara kitarat laulu
        laulut kosketin koskettimet viulu kuoro harmonikka basisti solist skrzypce trabka
        saksofon klawisze skripka скрипка синт синты орган труба саксофон баян аккордеон хор
        бэк бэки соло ритм акустика электруха бэквокал басуха контрабас флейта виолончель
        слова речь фортепиано рояль гітара κιθάρα μπάσο φωνή φωνητικά πιάνο 贝司 貝斯 電吉他
        电吉他 木吉他 和声 和聲 键盘 鍵盤 弦乐 弦樂 鋼琴 合成器 小提琴 二胡 古筝 笛子 大提琴
        唱 歌手 男声 女声 伴唱 電贝司 コーラス ストリングス オルガン ヴォーカル 声 アコギ
        エレキ キーボード サックス トランペット バイオリン ヴァイオリン 일렉기타 통기타
        어쿠스틱 일렉 코러스 건반 신디 스트링 오르간 바이올린 첼로 색소폰 트럼펫 목소리 노래
        키보드 גיטרה בס שירה קולות פסנתר قيتار باص صوت بيانو กีตาร์ เบส ร้อง trombón toetsen
        sångare klaviatur dwarsfluit saksofoni trumpetti huuliharppu fiddle fiddles dobro
        lapsteel pedalsteel bagpipe bagpipes oboe bassoon tuba cornet flugel flugelhorn
        clarinete clarinetto violino violini violon violons viool geige geigen trompete
        trompeta trompette posaune saxofon saxofono tromba trompet coro cori coros choeurs
        teclado teclados tastiera tastiere clavier claviers sintetizador synthe synthes
        guitarr akustik sologitarre bassist sanger stimmen celli contrabajo contrabasso
        contrebasse kontrabas vocales vocali""",
    "noise": """mic mics mike mikes mikro mikrofon micro audio track trk ch chan channel take
        tk cons dup dupe copy edit edited edits ed glued render rendered stretched quant
        quantized tight clean raw wav aif aiff flac fix fixed new old alt main center centre
        ctr cent spot side shell head batter beater brush brushes open closed foot pedal edge
        gate gated eq dry wet final best bip bnc chorus verse bridge intro outro single double
        quarter full ribbon condenser dynamic tube xy ort ortf ms ab blumlein johns pair inch
        inches zoll bundle live loud soft hard the of and print printed prints stem stems de
        del di da la le el et coles telefunken shure neumann akg audix sennheiser beyer
        beyerdynamic royer aea rode dpa schoeps earthworks yamaha elam fet avantone heil
        josephson milab oktava samson peluso electrovoice ev sony altec warm lewitt se ck mkiv
        lauten stager cascade mxl behringer superlux presonus sontronics manley soyuz violet
        brauner gefell mojave wunder flea ehrlund crown astatic unidyne austrian cardioid
        cardioide hypercardioid supercardioid omni omnidirectional figure fig bidirectional
        niere kugel acht red blue green yellow orange purple pink brown grey gray black white
        teal cyan magenta turquoise maroon navy olive lime gold silver beige rot blau grun
        gelb lila rosa braun grau schwarz weiss turkis rouge bleu vert jaune violette marron
        gris noir blanc rojo azul verde amarillo morado marrom negro blanco rosso blu giallo
        marrone grigio nero bianco colour color farbe od overdub overdubs overdubbed fill
        fills mikrofonok mikk mikki mikit микрофон мик 麦 麦克风 麥 마이크 マイク groove
        grooves reverse reversed""",
}

#: the words that say the same -> words in a row, one phrase a line
PHRASES: dict[str, str] = {
    "kick": """bass drum | bas drum | bass trommel | бас барабан | бас бочка |
        grosse trommel | gr trommel | grosse caisse | gr caisse | gran cassa | bas davul |
        velky buben | velký bubon | basovy buben | beben basowy | bęben basowy | duzy beben |
        duży bęben | grote trom | toba mare | bas bubanj | большой барабан | бас бубон |
        베이스 드럼 | stor tromme | bass rumpu | basso rumpu | תוף בס | بيس درام | trong cai |
        bass dr | b drum | b d | aux kick""",
    "snare": """kleine trommel | kl trommel | kleine trom | caisse claire | малый барабан |
        side stick | cross stick | x stick | rim shot | rim click | maly buben | malý bubon |
        maly beben | mały bęben | kis dob | pikku rumpu | lille tromme | skarp tromme |
        toba mica | соло барабан | малий барабан | aux snare | auxiliary snare | תוף סנר |
        snare drum | rim klick""",
    "hihat": """hi hatka | hi hat | hi hats | high hat | high hats | h hat | h h | хай хэт |
        hai hat | haj hat | hi het | хай хет | хай хат | high het | 하이 햇 | ハイ ハット |
        lab cin | hi hatit""",
    "overhead": "o h | o hs | over head | over heads | oh s | ovr hd",
    "floortom": """tom basse | f tom | tom f | fl tom | бас том | флор том | floor tam |
        yer tom | zemin tom | lattia tomi | allo tam | allo tom | tom de piso | tom piso |
        surdo tom | stand tom | tom stand | 플로어 탐 | フロア タム | tom base | timbal base""",
    "racktom": "r tom | h tom | hange tom | haenge tom | tom aereo | tom de aire",
    "ride": "ride cymbal | ride bell | komppi pelti | kisero cin",
    "bells": "bell tree",
    "superior drummer": "sd 3",
    "2": "ii",
    "3": "iii",
    "4": "iv",
    "fok": "front of kit",
    "woodblock": "wood block",
    "handclap": "hand clap",
    "handclaps": "hand claps",
    "fingersnap": "finger snap",
    "fingersnaps": "finger snaps",
    "speech": "room tone | head room | talk back | click track",
    "snare top": "cc dessus",
    "snare bottom": """подструнник | bordona | bordonera | cordiera | trampet alt |
        cc dessous | cc bas | caisse claire bas | esteira | snare teppich |
        cc timbre""",
    "stereo": "l r",
    "k out": "ko | k o",
    "stereo oh": "stoh",
    "sub kick": "subkick | subkicks",
    "tom": "tom tom | tom toms | aux tom | tom rim",
    "percussion": "aux perc | aux percussion",
    "room": "squash mic | crush mic | smash mic | squashed mic | dirt mic",
    "mic": "stand mic | stand mike | mic stand | stand mikro",
    "sample": "one shot | one shots",
    "reverb": """large hall | small hall | medium hall | concert hall | big hall | long hall |
        short hall | hall long | hall short | drum hall | vocal hall | hall reverb | hall fx""",
    "cymbal": "rev cymbal | rev cym | rev crash | rev cymbals",
    "k in": "k i",
    "guitar": """bas gitar | bass gitarre | basova kytara | бас гитара | bas gitara |
        bass gitar | lap steel | pedal steel | bas kitara | bas git""",
}

#: words of drums that mean other things too; all of them stand in ``WORDS``
WEAK_WORDS = """hat hats charles tom toms tt timpano puka aire rack rk rt rtom hange floor flr
    fl ft stand goliat surdo piso ride rides rd stack china splash ataque oh over overs ovr
    ovrs glyn room rooms rm rms amb ambi ambs ambience ambiance ambiente ambiencia ambient
    ambients raum rum kamer ruimte sala piece hall hallway stairwell trash crotch wurst pzm
    clap snap snaps bell triangle clave samp sample samples spl slate aug augment sampler rim
    caja caixa cassa prato piatto рабочий малый том stopa centrala pokoj gc cc tam tamok tamek
    kotel kotle tomi tomit tomy timbal tons zil ziller cin pelti pellit prostor mistnost terem
    szoba oda ortam huone tila soba rom fus 落地 空间 氛围 环境 環境 上 顶部 오버 железо
    помещение skarp kopak pergo plato ambienti ambientes каса overky quinto tumba"""
